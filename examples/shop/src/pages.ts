/** The two pages of the shop, as text. */

interface ProductCard {
  sku: string
  name: string
  price: string
  image: string | null
}

export function shopWindow(products: (ProductCard & { sold: string })[]): string {
  const cards = products.map(
    ({ sku, name, price, image, sold }) =>
      `<li><a href="/products/${escapeHtml(sku)}">${picture(image)}<b>${escapeHtml(name)}</b></a>${escapeHtml(price)} · ${escapeHtml(sold)} sold</li>`,
  )
  return page('Best sellers', `<ul>${cards.join('')}</ul>`)
}

export function productPage(
  product: ProductCard & { description: string; tags: string[] },
  reviews: { stars: number; body: string | null }[],
): string {
  const opinions = reviews.map(({ stars, body }) => `<li>${'★'.repeat(stars)} ${escapeHtml(body ?? '')}</li>`)
  return page(
    product.name,
    `${picture(product.image)}<p>${escapeHtml(product.description)}</p><p>${escapeHtml(product.price)} · ${product.tags.map(escapeHtml).join(', ')}</p><ul>${opinions.join('')}</ul>`,
  )
}

function page(title: string, body: string): string {
  return `<!doctype html><meta charset="utf-8"><title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>${body}`
}

function picture(image: string | null): string {
  return image === null ? '' : `<img src="/media/${encodeURIComponent(image)}" width="64" height="64" alt="">`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

import type { Catalog } from '../catalog.ts'

/** One rule of the {@link Catalog} contract; `run` gets an empty catalog and throws where the rule does not hold. */
export interface CatalogRule {
  name: string
  run(catalog: Catalog): Promise<void>
}

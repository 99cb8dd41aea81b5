export function withSecondTry(
  args: string[],
  start: (args: string[], env: Record<string, string>) => Promise<number>,
): Promise<number>

/** `includeMedia` -> `include_media`, as types. */
export type Snake<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends Uppercase<First>
    ? First extends Lowercase<First>
      ? `${First}${Snake<Rest>}`
      : `_${Lowercase<First>}${Snake<Rest>}`
    : `${First}${Snake<Rest>}`
  : Name

export type SnakeFields<T> = { [Key in keyof T as Key extends string ? Snake<Key> : Key]: T[Key] }

/** The same at every depth, for what has no maps in it. */
export type SnakeDeep<T> = T extends readonly (infer Item)[]
  ? SnakeDeep<Item>[]
  : T extends object
    ? { [Key in keyof T as Key extends string ? Snake<Key> : Key]: SnakeDeep<T[Key]> }
    : T

/** A copy sorted by the UTF-8 bytes of the names: the same order on every system, and that of Go's `sort.Strings`. */
export function sortedByName<T extends { name: string }>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, bytes: Buffer.from(item.name) }))
    .sort((left, right) => Buffer.compare(left.bytes, right.bytes))
    .map(({ item }) => item);
}

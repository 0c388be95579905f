/** The value of a field after a PATCH: absent keeps what there is, null clears it. */
export function kept<T>(given: T | null | undefined, present: T | null): T | null {
  return given === undefined ? present : given;
}

/** Names of the fields that a request holds; a class may have absent ones as `undefined`. */
export function givenFields(request: object): string[] {
  return Object.entries(request)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name)
    .sort();
}

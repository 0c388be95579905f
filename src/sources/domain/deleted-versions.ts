/** Deleted versions after one more was deleted. */
export function withDeleted(present: string[], version: string): string[] {
  return [...withoutDeleted(present, version), version];
}

/** Deleted versions after one was published again. */
export function withoutDeleted(present: string[], version: string): string[] {
  return present.filter((each) => each !== version);
}

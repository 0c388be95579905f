/** Where a key comes from: made here, given with its private part, or known by its public part alone. */
export type KeySource = 'generated' | 'imported' | 'external';

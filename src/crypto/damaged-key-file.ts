/** Of a key file with no key in it: it is damaged, or holds what a rotation leaves there around its commit. */
export const DAMAGED_KEY_FILE =
  'The key file encryption.key in DATA_DIR is damaged, or its rotation was interrupted: run `npm run rotate-key` to end it; else restore the file from a backup.';

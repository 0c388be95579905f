import { readFileSync } from 'node:fs';

/** Tells one start of the machine from another; null where there is no such thing. */
export const BOOT_ID: string | null = read();

function read(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

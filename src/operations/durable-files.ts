import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file (0600) in one step that lasts: a reader finds the old content or the new, whatever dies in between. */
export async function writeDurably(file: string, content: string): Promise<void> {
  const incoming = `${file}.incoming`;
  const handle = await open(incoming, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await renameDurably(incoming, file);
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

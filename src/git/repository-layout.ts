import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes an empty repository, as gitrepository-layout(5) describes it: what `git init` would do, without a process of
 * its own and without templates. It has no remote, so there is no URL in it either.
 */
export async function createEmptyRepository(gitDir: string, options: { bare: boolean }): Promise<void> {
  await mkdir(join(gitDir, 'objects'), { recursive: true });
  await mkdir(join(gitDir, 'refs'));
  await writeFile(
    join(gitDir, 'config'),
    `[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = ${options.bare}\n`,
  );
  await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/main\n');
}

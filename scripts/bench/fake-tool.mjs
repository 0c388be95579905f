import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRepository } from '../demo/git-repository.mjs';
import { createDeployment, startBenchmarkServer } from './benchmark-server.mjs';

const SCRIPT = fileURLToPath(new URL('fake-terraform.mjs', import.meta.url));

/** Makes a folder with a `terraform` that is `fake-terraform.mjs`. */
export function makeFakeTool(temporary) {
  const directory = mkdtempSync(join(temporary, 'tool-'));
  const program = join(directory, 'terraform');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${SCRIPT}' "$@"\n`);
  chmodSync(program, 0o755);
  return { directory, program };
}

/**
 * A server whose terraform is the stand-in, and a deployment on it; `env` is what the server was started with.
 * @param {string | null} otherPrograms a folder with further programs that the server is to find first
 */
export async function startWithFakeTool(temporary, env = {}, otherPrograms = null) {
  const { directory } = makeFakeTool(temporary);
  const gitUrl = createRepository(mkdtempSync(join(temporary, 'repository-')), { 'main.tf': '# nothing\n' });
  const path = [otherPrograms, directory, process.env.PATH].filter((folder) => folder !== null).join(':');
  const withTool = { PATH: path, ...env };
  const server = await startBenchmarkServer(temporary, withTool);
  const deployment = await createDeployment(server.api, gitUrl);
  return { server, deployment, gitUrl, env: withTool };
}

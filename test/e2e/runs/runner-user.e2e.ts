import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer } from '../../support/test-server';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

// Only root may start a process as somebody else.
(isRoot ? describe : describe.skip)('RUNNER_USER', () => {
  it('runs the tool as that user, who can read nothing of the server', async () => {
    const server = await startTestServer({ RUNNER_USER: `${NOBODY}:${NOBODY}` });
    try {
      const command = `id -u; cat ${server.dataDir}/encryption.key ${server.dataDir}/plomada.db || echo refused; ls ${server.dataDir} || echo closed`;
      const deployment = await DeploymentDriver.create(server, {
        'main.tf': `resource "terraform_data" "one" {\n  provisioner "local-exec" { command = "${command}" }\n}\n`,
      });
      const run = await deployment.apply();
      expect(run.apply_log).toContain(`${NOBODY}\n`);
      expect(run.apply_log).toContain('refused');
      expect(run.apply_log).toContain('closed');
      const directory = join(server.dataDir, 'work', run.id);
      expect(statSync(directory).uid).toBe(0);
      expect(statSync(join(directory, 'checkout', 'main.tf')).uid).toBe(NOBODY);
    } finally {
      await server.stop();
    }
  });
});

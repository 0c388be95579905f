import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import { MovedClock } from '../support/moved-clock';
import { DeploymentDriver } from '../support/run-driver';
import { startTestServer } from '../support/test-server';
import { ledgerConfiguration, LINES } from './fault-room';

const HOUR = 3_600_000;

it.each([
  ['three days forward', 72 * HOUR],
  ['an hour back', -HOUR],
])('the clock jumps %s during apply: nothing times out, nothing is lost', async (_what, jump) => {
  const server = await startTestServer();
  const clock = new MovedClock(server);
  try {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': ledgerConfiguration(server.dataDir, true) });
    const run = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_mark: 'jumped' } });
    await eventually('the provisioner', async () =>
      (await deployment.log(run.id, 'apply')).includes(`numbered ${LINES} of ${LINES}`),
    );
    clock.advance(jump);
    expect((await server.request('POST', '/api/maintenance/sweep', {})).status).toBeLessThan(300);
    expect(existsSync(join(server.dataDir, 'work', run.id))).toBe(true);
    expect((await deployment.get(run.id)).status).toBe('applying');
    writeFileSync(join(server.dataDir, 'go'), '');
    await deployment.reach(run.id, 'success');
    // The order of versions and of the log is that of numbers, not of time.
    const versions = (await server.request('GET', `${deployment.path}/state/versions`)).body;
    expect(versions[0].run_id).toBe(run.id);
    expect((await server.request('GET', `${deployment.path}/state/lock`)).body).toBeNull();
    const second = await deployment.apply({ env_vars: { TF_VAR_mark: 'after' } });
    expect((await server.request('GET', `${deployment.path}/state/versions`)).body[0].run_id).toBe(second.id);
  } finally {
    await server.stop();
  }
});

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { eventually } from '../support/eventually';
import type { DeploymentDriver } from '../support/run-driver';
import { holdDatabase } from './database-holder';
import { FaultRoom, ledgerConfiguration } from './fault-room';

const IS_ROOT = process.getuid?.() === 0;

const stateText = (serial: number, filling: string): string =>
  JSON.stringify({ version: 4, serial, lineage: 'l', outputs: {}, resources: [], filling });

const post = (deployment: DeploymentDriver, body: string): Promise<number> =>
  fetch(`${deployment.server.url}/v1/state/${deployment.id}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`x:${deployment.server.adminKey}`).toString('base64')}` },
    body,
  }).then(({ status }) => status);

// Only root may mount a disk that can be filled.
(IS_ROOT ? it : it.skip)(
  'a full disk refuses a state with 507, keeps what is there, and takes the next once it is free',
  async () => {
    const room = await FaultRoom.open();
    const artifacts = join(room.dataDir, 'artifacts');
    try {
      const deployment = await room.deploy(ledgerConfiguration(room.dataDir));
      await room.kill();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'plomada-fault', artifacts]);
      await room.start();
      expect(await post(deployment, stateText(1, 'small'))).toBe(200);
      // Base64 of noise: it cannot be compressed away.
      const large = stateText(2, randomBytes(3_000_000).toString('base64'));
      expect(await post(deployment, large)).toBe(507);
      expect((await room.versions(deployment)).map(({ serial }) => serial)).toEqual([1]);
      execFileSync('mount', ['-o', 'remount,size=32m', artifacts]);
      expect(await post(deployment, large)).toBe(200);
      expect((await room.versions(deployment)).map(({ serial }) => serial)).toEqual([2, 1]);
    } finally {
      await room.kill();
      execFileSync('umount', ['-l', artifacts], { stdio: 'ignore' });
      await room.close();
    }
  },
);

it('a database locked by another process holds up an apply and loses nothing of it', async () => {
  const room = await FaultRoom.open();
  try {
    const deployment = await room.deploy(ledgerConfiguration(room.dataDir, true));
    const run = await room.startHeldApply(deployment, 'locked');
    const release = await holdDatabase(join(room.dataDir, 'plomada.db'));
    room.letGo();
    const startedAt = performance.now();
    expect((await fetch(`${room.url}/health/live`)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await eventually('the provisioner has ended', () => !room.isHeld(run.id));
    const refused = await post(deployment, stateText(99, 'by hand'));
    expect([409, 503]).toContain(refused);
    await release();
    const done = await deployment.reach(run.id, 'success');
    expect(done.apply_log).toContain('Apply complete');
    expect(await room.markInState(deployment)).toBe('locked');
    expect(room.applied('locked')).toBe(1);
    expect(await room.lock(deployment)).toBeNull();
  } finally {
    await room.close();
  }
});

import { existsSync, mkdirSync, mkdtempSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { eventually } from '../../support/eventually';
import { RetentionService } from '../../../src/retention/retention.service';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, TestServer } from '../../support/test-server';

const HOUR_MS = 3_600_000;
const inHours = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

describe('the sweeper', () => {
  let server: TestServer;
  let work: string;
  beforeAll(async () => {
    server = await startTestServer();
    work = join(server.dataDir, 'work');
  });
  afterAll(() => server.stop());

  const sweep = (now: Date): ReturnType<RetentionService['sweep']> =>
    server.application.app.get(RetentionService, { strict: false }).sweep(now);

  it('removes what is old and nobody needs, expires approvals, and touches nothing else', async () => {
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': 'resource "terraform_data" "one" {}\n',
      'b/main.tf': 'resource "terraform_data" "one" {}\n',
    });
    const done = await deployment.apply();
    const waiting = await deployment.reach((await deployment.start({ path: 'b' })).id, 'awaiting_approval');
    const unknownOld = randomUUID();
    const unknownYoung = randomUUID();
    mkdirSync(join(work, unknownOld));
    writeFileSync(join(work, unknownOld, 'file'), 'x'.repeat(1000));
    const old = new Date(Date.now() - 48 * HOUR_MS);
    utimesSync(join(work, unknownOld), old, old);
    mkdirSync(join(work, unknownYoung));
    mkdirSync(join(work, 'not-a-run'));
    utimesSync(join(work, 'not-a-run'), old, old);
    const outside = mkdtempSync(join(tmpdir(), 'plomada-outside-'));
    writeFileSync(join(outside, 'precious'), '');
    symlinkSync(outside, join(work, randomUUID()));

    const dry = await server.request('POST', '/api/maintenance/sweep', { dry_run: true });
    expect(dry.body).toMatchObject({ removed: [unknownOld], expired_approvals: [], errors: [] });
    expect(dry.body.freed_bytes).toBeGreaterThanOrEqual(1000);
    expect(existsSync(join(work, unknownOld))).toBe(true);

    const now = await server.request('POST', '/api/maintenance/sweep', {});
    expect(now.body.removed).toEqual([unknownOld]);
    expect(existsSync(join(work, unknownOld))).toBe(false);

    const early = await sweep(inHours(23));
    expect(early).toMatchObject({ removed: [], expired_approvals: [] });
    const late = await sweep(inHours(25));
    expect(late.expired_approvals).toEqual([waiting.id]);
    expect(late.removed.sort()).toEqual([done.id, unknownYoung].sort());
    expect(existsSync(join(work, done.id))).toBe(false);
    const expired = await deployment.get(waiting.id);
    expect(expired).toMatchObject({ status: 'cancelled', cancelled_by: 'platform' });
    expect(expired.error_message).toContain('approval expired'.slice(0, 8));
    // The expired run ended just now: its directory has its own 24 hours.
    expect(existsSync(join(work, waiting.id))).toBe(true);
    expect((await sweep(inHours(49))).removed).toEqual([waiting.id]);
    expect(existsSync(join(outside, 'precious'))).toBe(true);
    expect(existsSync(join(work, 'not-a-run'))).toBe(true);
  });

  it('never touches a run that is at work, however old its directory looks', async () => {
    const marker = join(server.dataDir, 'go');
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': `resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "echo asleep; while [ ! -e ${marker} ]; do sleep 0.05; done" }\n}\n`,
    });
    const run = await deployment.start({ auto_approve: true });
    await eventually('the apply', async () => (await deployment.log(run.id, 'apply')).includes('asleep'));
    expect((await sweep(inHours(1000))).removed).not.toContain(run.id);
    writeFileSync(marker, '');
    await deployment.reach(run.id, 'success');
  });
});

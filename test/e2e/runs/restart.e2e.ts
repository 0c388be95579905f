import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { processesOf } from '../../support/processes';
import { DeploymentDriver, DrivenServer } from '../../support/run-driver';
import { ServerProcess, startServerProcess } from '../../support/server-process';
import { sendRequest } from '../../support/test-server';

const driven = (server: ServerProcess): DrivenServer => ({
  url: server.url,
  adminKey: server.adminKey,
  request: (method, path, body) => sendRequest(server.url, method, path, body, server.adminKey),
});

/** Appends to a ledger when it is applied, prints numbered lines, and goes on only when the marker exists. */
const stepping = (dataDir: string): string => `
resource "terraform_data" "steps" {
  provisioner "local-exec" {
    command = "echo applied >> ${dataDir}/ledger; for i in $(seq 1 30); do echo numbered $i of 30; done; while [ ! -e ${dataDir}/go ]; do sleep 0.05; done; for i in $(seq 1 30); do echo after $i of 30; done"
  }
}
`;

describe('a run and the death of its server', () => {
  let dataDir: string;
  let server: ServerProcess;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'plomada-restart-'));
    server = await startServerProcess(dataDir);
  });
  afterEach(async () => {
    await server.kill('SIGKILL');
    // What a test left at work waits for a file that will never come.
    for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });

  const restart = async (deployment: DeploymentDriver): Promise<void> => {
    // Where it was: the tools that are at work save the state there.
    server = await startServerProcess(dataDir, { PORT: new URL(server.url).port });
    deployment.server = driven(server);
  };

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    '%s during apply: the apply goes on, once, and its log is whole',
    async (signal) => {
      const deployment = await DeploymentDriver.create(driven(server), { 'main.tf': stepping(dataDir) });
      const run = await deployment.start({ auto_approve: true });
      await eventually('the apply', async () => (await deployment.log(run.id, 'apply')).includes('numbered 30 of 30'));
      const reader = await deployment.stream(run.id);
      await eventually('the reader has the log', () => reader.text().includes('numbered 30 of 30'));
      const code = await server.kill(signal);
      if (signal === 'SIGTERM') expect(code).toBe(0);
      await reader.ended;
      const lastSeen = reader.events().at(-1)!.id;
      expect(processesOf(run.id).some(({ commandLine }) => commandLine.includes('terraform apply'))).toBe(true);
      writeFileSync(join(dataDir, 'go'), '');
      await restart(deployment);
      const done = await deployment.reach(run.id, 'success');
      expect(readFileSync(join(dataDir, 'ledger'), 'utf8')).toBe('applied\n');
      const log = await deployment.log(run.id, 'apply', '?color=false');
      for (let line = 1; line <= 30; line++) {
        expect(log.split(`numbered ${line} of 30\n`)).toHaveLength(2);
        expect(log.split(`after ${line} of 30\n`)).toHaveLength(2);
      }
      expect(done.apply_log).toContain('Apply complete');
      // A reader goes on where it was cut.
      const rest = await deployment.stream(run.id, lastSeen);
      await rest.ended;
      const whole = await deployment.stream(run.id);
      await whole.ended;
      expect([...reader.events(), ...rest.events()]).toEqual(whole.events());
    },
  );

  it('SIGKILL of server and runner during apply: closed by the exit status the tool left', async () => {
    const deployment = await DeploymentDriver.create(driven(server), { 'main.tf': stepping(dataDir) });
    const run = await deployment.start({ auto_approve: true });
    await eventually('the apply', async () => (await deployment.log(run.id, 'apply')).includes('numbered 30 of 30'));
    await server.kill('SIGKILL');
    const call = JSON.parse(readFileSync(join(dataDir, 'work', run.id, 'calls', '1-apply', 'call.json'), 'utf8'));
    process.kill(call.pid, 'SIGKILL');
    await restart(deployment);
    expect((await deployment.get(run.id)).status).toBe('applying');
    writeFileSync(join(dataDir, 'go'), '');
    const done = await deployment.reach(run.id, 'success');
    expect(done.apply_log).toContain('after 30 of 30');
    expect(readFileSync(join(dataDir, 'ledger'), 'utf8')).toBe('applied\n');
  });

  it('SIGKILL of everything during apply: failed, and says what is not known; nothing is applied again', async () => {
    const deployment = await DeploymentDriver.create(driven(server), { 'main.tf': stepping(dataDir) });
    const run = await deployment.start({ auto_approve: true });
    await eventually('the apply', async () => (await deployment.log(run.id, 'apply')).includes('numbered 30 of 30'));
    await server.kill('SIGKILL');
    const callDirectory = join(dataDir, 'work', run.id, 'calls', '1-apply');
    // The runner first, then the session of the tool with the waiter that would record its end.
    process.kill(JSON.parse(readFileSync(join(callDirectory, 'call.json'), 'utf8')).pid, 'SIGKILL');
    process.kill(-JSON.parse(readFileSync(join(callDirectory, 'output.log.pid'), 'utf8')).pid, 'SIGKILL');
    await eventually('all are gone', () => processesOf(run.id).length === 0);
    await restart(deployment);
    const ended = await deployment.reach(run.id, 'failed');
    expect(ended.error_message).toContain('runner_lost');
    expect(ended.apply_log).toContain('numbered 30 of 30');
    expect(readFileSync(join(dataDir, 'ledger'), 'utf8')).toBe('applied\n');
  });

  it('cancels an apply that another server process started', async () => {
    const deployment = await DeploymentDriver.create(driven(server), { 'main.tf': stepping(dataDir) });
    const run = await deployment.start({ auto_approve: true });
    await eventually('the apply', async () => (await deployment.log(run.id, 'apply')).includes('numbered 30 of 30'));
    await server.kill('SIGKILL');
    await restart(deployment);
    expect((await deployment.act(run.id, 'cancel', {})).status).toBe(202);
    await deployment.reach(run.id, 'cancelled');
    await eventually('all are gone', () => processesOf(run.id).length === 0);
  });

  it('SIGKILL at random moments of many runs: each ends well, and applies once', async () => {
    const seed = Number(process.env.PLOMADA_SEED ?? Date.now() % 100_000);
    let state = seed;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const deployment = await DeploymentDriver.create(driven(server), {
      'main.tf': `resource "terraform_data" "one" {\n  triggers_replace = timestamp()\n  provisioner "local-exec" { command = "echo applied >> ${dataDir}/ledger" }\n}\n`,
    });
    for (let round = 1; round <= 6; round++) {
      const run = await deployment.start({ auto_approve: true });
      await new Promise((resolve) => setTimeout(resolve, random() * 1_200));
      await server.kill('SIGKILL');
      await restart(deployment);
      const ended = await deployment.reach(run.id, 'success').catch((error: Error) => {
        throw new Error(`seed ${seed}, round ${round}: ${error.message}`);
      });
      expect(ended.apply_log.split('Apply complete')).toHaveLength(2);
      expect(readFileSync(join(dataDir, 'ledger'), 'utf8')).toBe('applied\n'.repeat(round));
    }
  });

  it('keeps an approval over a restart', async () => {
    const deployment = await DeploymentDriver.create(driven(server), { 'main.tf': stepping(dataDir) });
    const run = await deployment.start();
    await deployment.reach(run.id, 'awaiting_approval');
    await server.kill('SIGKILL');
    writeFileSync(join(dataDir, 'go'), '');
    await restart(deployment);
    expect((await deployment.act(run.id, 'approve', { approved: true })).status).toBe(200);
    await deployment.reach(run.id, 'success');
    expect(existsSync(join(dataDir, 'ledger'))).toBe(true);
  });
});

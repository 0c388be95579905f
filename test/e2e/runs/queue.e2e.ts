import { eventually } from '../../support/eventually';
import { DeploymentDriver } from '../../support/run-driver';
import { startTestServer, TestServer } from '../../support/test-server';

const ONE = 'resource "terraform_data" "one" {}\n';
const slow = (marker: string): string => `
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "while [ ! -e ${marker} ]; do sleep 0.05; done" }
}
`;

describe('the queue', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ RUNNER_CONCURRENCY: '2' });
  });
  afterAll(() => server.stop());

  it('lets one run at a time hold a deployment and path, oldest first, and says what the others wait for', async () => {
    const files = { 'main.tf': ONE, 'other/main.tf': ONE };
    // Without a state that is kept, so that every run finds something to do.
    const deployment = await DeploymentDriver.create(server, files, { state_backend: 'none' });
    const runs = [];
    for (let count = 0; count < 4; count++) runs.push(await deployment.start());
    const [first, second, third, fourth] = runs;
    await deployment.reach(first.id, 'awaiting_approval');
    expect(await deployment.get(second.id)).toMatchObject({
      status: 'pending',
      queue_position: 1,
      waiting_for: { reason: 'earlier_run', run_id: first.id },
    });
    expect(await deployment.get(fourth.id)).toMatchObject({ queue_position: 3, waiting_for: { run_id: third.id } });
    // Another folder, and a run that only plans, do not wait.
    await deployment.reach((await deployment.start({ path: 'other' })).id, 'awaiting_approval');
    await deployment.reach((await deployment.start({ operation: 'plan' })).id, 'success');

    expect((await deployment.act(third.id, 'cancel', {})).body.status).toBe('cancelled');
    expect((await deployment.get(fourth.id)).waiting_for.run_id).toBe(second.id);
    await deployment.act(first.id, 'approve', { approved: true });
    await deployment.reach(second.id, 'awaiting_approval');
    expect((await deployment.get(first.id)).status).toBe('success');
    await deployment.act(second.id, 'approve', { approved: false });
    await deployment.reach(fourth.id, 'awaiting_approval');
    expect((await server.request('DELETE', deployment.path)).status).toBe(409);
    expect((await server.request('DELETE', `${deployment.path}/runs/${fourth.id}`)).status).toBe(409);
    await deployment.act(fourth.id, 'cancel', {});
  });

  it('works on no more runs at once than it has slots, and says that the others wait for capacity', async () => {
    const marker = `${server.dataDir}/go-${Date.now()}`;
    const deployment = await DeploymentDriver.create(server, {
      'a/main.tf': slow(marker),
      'b/main.tf': slow(marker),
      'c/main.tf': ONE,
    });
    const [a, b] = [
      await deployment.start({ path: 'a', auto_approve: true }),
      await deployment.start({ path: 'b', auto_approve: true }),
    ];
    await deployment.reach(a.id, 'applying');
    await deployment.reach(b.id, 'applying');
    const c = await deployment.start({ path: 'c' });
    expect(await deployment.get(c.id)).toMatchObject({
      status: 'pending',
      queue_position: 1,
      waiting_for: { reason: 'capacity' },
    });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(marker, '');
    await deployment.reach(a.id, 'success');
    await deployment.reach(c.id, 'awaiting_approval');
    await deployment.act(c.id, 'cancel', {});
  });

  it('gives one of 50 approvals at once the run, and applies once', async () => {
    const ledger = `${server.dataDir}/ledger-${Date.now()}`;
    const deployment = await DeploymentDriver.create(server, {
      'main.tf': `resource "terraform_data" "one" {\n  provisioner "local-exec" { command = "echo applied >> ${ledger}" }\n}\n`,
    });
    const run = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => deployment.act(run.id, 'approve', { approved: true })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(49);
    await deployment.reach(run.id, 'success');
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(ledger, 'utf8')).toBe('applied\n');
    const audit = await server.request('GET', '/api/audit?action=run.approve');
    expect(audit.body.filter((entry: { target_id: string }) => entry.target_id === run.id)).toHaveLength(1);
  });

  it('decides approve against cancel one way or the other, never both', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': ONE }, { state_backend: 'none' });
    for (let round = 0; round < 5; round++) {
      const run = await deployment.reach((await deployment.start()).id, 'awaiting_approval');
      const [approved, cancelled] = await Promise.all([
        deployment.act(run.id, 'approve', { approved: true }),
        deployment.act(run.id, 'cancel', {}),
      ]);
      const ended = await deployment.reach(run.id, 'success', 'cancelled');
      expect([200, 409]).toContain(approved.status);
      expect(cancelled.status).toBe(202);
      if (approved.status === 409) {
        expect(ended.status).toBe('cancelled');
        expect(ended.apply_log).toBe('');
      }
    }
  });

  it('cancels many runs of one path in any order and leaves none behind', async () => {
    const deployment = await DeploymentDriver.create(server, { 'main.tf': ONE });
    const runs = await Promise.all(Array.from({ length: 20 }, () => deployment.start()));
    await Promise.all(runs.map(({ id }) => deployment.act(id, 'cancel', {})));
    await eventually('all have ended', async () => {
      const listed = await server.request('GET', `${deployment.path}/runs?limit=50`);
      return listed.body.every(({ status }: { status: string }) => status === 'cancelled');
    });
  });
});

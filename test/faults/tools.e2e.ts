import { eventually } from '../support/eventually';
import { processesOf } from '../support/processes';
import { DeploymentDriver, type RunBody } from '../support/run-driver';
import { startTestServer, type TestServer } from '../support/test-server';
import { StrangeTool } from './strange-tool';

const MIB = 2 ** 20;
const ONE = `
variable "how" {}
resource "terraform_data" "one" { input = 1 }
`;

describe('a tool that behaves strangely', () => {
  let server: TestServer;
  let tool: StrangeTool;
  let deployment: DeploymentDriver;
  const realPath = process.env.PATH;

  beforeAll(async () => {
    tool = new StrangeTool({
      'plan one line': `head -c 100000000 /dev/zero | tr '\\0' A`,
      'plan noise': 'head -c 3000000 /dev/urandom',
      'plan nothing': 'echo planned; exit 0',
      'plan link': 'for a in "$@"; do case $a in -out=*) ln -s /etc/passwd "${a#-out=}";; esac; done; exit 0',
      'show noise': 'head -c 100000 /dev/urandom; exit 0',
      'plan daemons': '(setsid sleep 300 &); (nohup sleep 301 >/dev/null 2>&1 &)',
      'apply daemons': '(setsid sleep 302 &)',
      'apply closed': 'exec >&- 2>&-',
      'apply stubborn': `trap '' INT TERM HUP; echo stubborn; while :; do sleep 0.1; done`,
      'init no backend': 'exit 0',
      'apply takes its files': 'rm -rf ../calls',
      'apply kills its waiter': 'kill -9 $PPID; sleep 0.3',
    });
    // The server passes its own PATH on.
    process.env.PATH = tool.environment.PATH;
    server = await startTestServer({ CANCEL_GRACE_SECONDS: '1' });
    deployment = await DeploymentDriver.create(server, { 'main.tf': ONE });
  });
  afterAll(async () => {
    await server.stop();
    process.env.PATH = realPath;
    tool.forget();
  });

  const runThat = async (how: string, fields: object = {}): Promise<RunBody> => {
    const { id } = await deployment.start({
      auto_approve: true,
      replace: ['terraform_data.one'],
      env_vars: { TF_VAR_how: how },
      ...fields,
    });
    const ended = await deployment.reach(id, 'success', 'failed', 'cancelled');
    await eventually('no process of the run', () => processesOf(id).length === 0);
    // Whatever it was: the next one is not held up.
    await server.request('DELETE', `${deployment.path}/state/lock`);
    return ended;
  };

  beforeAll(async () => {
    const first = await deployment.start({ auto_approve: true, env_vars: { TF_VAR_how: '' } });
    await deployment.reach(first.id, 'success');
  });

  it('prints 100 MB without a line break: the run succeeds, and the log keeps what it may', async () => {
    const run = await runThat('one line');
    expect(run.status).toBe('success');
    const log = await deployment.log(run.id, 'plan');
    expect(log.length).toBeGreaterThan(60 * MIB);
    // What was read at once when the limit was reached is kept whole.
    expect(log.length).toBeLessThan(65 * MIB);
    expect(log).toMatch(/\d+ bytes of output are left out here/);
    expect(log).toContain('1 to add');
  });

  it.each([
    ['prints noise in plan', 'noise', 'failed', /JSON plan of the tool cannot be read/],
    ['says that it planned, and has not', 'nothing', 'failed', /there is no plan file/],
    ['says that it initialized, and has not', 'no backend', 'failed', /settled on no backend/],
    ['plans into a link', 'link', 'failed', /there is no plan file/],
    ['leaves daemons behind', 'daemons', 'success', null],
    ['closes its output', 'closed', 'success', null],
    [
      'takes the files of its call away',
      'takes its files',
      'failed',
      /nothing recorded how the tool ended.*is not known/,
    ],
    ['kills who waits for it', 'kills its waiter', 'failed', /was killed \(SIGKILL\)/],
  ])('%s', async (_what, how, status, message) => {
    const run = await runThat(how);
    expect([run.status, message === null ? run.error_message : message.test(run.error_message)]).toEqual([
      status,
      message === null ? null : true,
    ]);
  });

  it('does not stop when it is interrupted: it is killed after the grace period, by cancel and by timeout', async () => {
    const late = await runThat('stubborn', { timeout: 0.02 });
    expect(late).toMatchObject({ status: 'failed', exit_code: 137 });
    expect(late.error_message).toMatch(/did not stop, and was killed \(timeout\)/);
    const { id } = await deployment.start({
      auto_approve: true,
      replace: ['terraform_data.one'],
      env_vars: { TF_VAR_how: 'stubborn' },
    });
    await eventually('the tool', async () => (await deployment.log(id, 'apply')).includes('stubborn'));
    await deployment.act(id, 'cancel', {});
    expect((await deployment.reach(id, 'cancelled')).error_message).toContain('killed');
    await eventually('no process of the run', () => processesOf(id).length === 0);
    await server.request('DELETE', `${deployment.path}/state/lock`);
  });
});

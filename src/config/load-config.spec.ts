import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from './load-config';

const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('loadConfig', () => {
  it('needs nothing', () => {
    const config = loadConfig({});
    expect(config.server.publicUrl).toBe('http://127.0.0.1:9080');
    expect(config.storage.databaseFile).toMatch(/\/data\/plomada\.db$/);
    expect(config.runs.concurrency).toBeGreaterThanOrEqual(2);
    expect(config.git.allowedSchemes).toEqual(['https', 'ssh']);
  });

  it('names every problem at once and repeats no secret', () => {
    const problems = problemsOf({
      PORT: 'http',
      PUBLIC_URL: 'https://host/sub',
      ADMIN_API_KEY: 'hunter2',
      ENCRYPTION_KEY: 'c2hvcnQ=',
      GIT_BLOCKED_NETWORKS: '10.0.0.0/33',
      LOG_MAX_BYTES: 'lots',
    });
    expect(problems).toHaveLength(6);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it.each([
    ['a placeholder', Buffer.alloc(32, 7).toString('base64')],
    ['too short', Buffer.from('0123456789').toString('base64')],
    ['not base64', '!'.repeat(44)],
  ])('refuses an encryption key that is %s', (_name, key) => {
    expect(problemsOf({ ENCRYPTION_KEY: key })).toHaveLength(1);
  });

  it('reads a secret from a file, and refuses it given twice', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'plomada-config-')), 'key');
    writeFileSync(file, `plm_${'a1B2'.repeat(10)}\n`);
    expect(loadConfig({ ADMIN_API_KEY_FILE: file }).secrets.adminApiKey).toBe(`plm_${'a1B2'.repeat(10)}`);
    expect(problemsOf({ ADMIN_API_KEY_FILE: file, ADMIN_API_KEY: `plm_${'x'.repeat(40)}` })).toHaveLength(1);
    expect(problemsOf({ ADMIN_API_KEY_FILE: `${file}.missing` })).toHaveLength(1);
  });

  it('tells an empty list from an absent one', () => {
    expect(loadConfig({ GIT_BLOCKED_NETWORKS: '' }).git.blockedNetworks).toEqual([]);
    expect(loadConfig({}).git.blockedNetworks).toContain('127.0.0.0/8');
  });

  it('takes the runner command as words or as JSON', () => {
    expect(loadConfig({ RUNNER_COMMAND: 'ssh build iac-runner' }).runs.runnerCommand).toEqual([
      'ssh',
      'build',
      'iac-runner',
    ]);
    expect(loadConfig({ RUNNER_COMMAND: '["/opt/my runner","--x"]' }).runs.runnerCommand).toEqual([
      '/opt/my runner',
      '--x',
    ]);
    expect(problemsOf({ RUNNER_COMMAND: '["a", 1]' })).toHaveLength(1);
  });

  it('wants certificate and key together', () => {
    expect(problemsOf({ TLS_CERT_FILE: __filename })).toHaveLength(1);
  });

  it('reads the TLS files before it starts', () => {
    expect(problemsOf({ TLS_CERT_FILE: '/nonexistent.pem', TLS_KEY_FILE: __filename })[0]).toContain('cannot be read');
    expect(problemsOf({ TLS_CERT_FILE: __filename, TLS_KEY_FILE: __filename })[0]).toContain('PEM');
  });
});

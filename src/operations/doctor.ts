import { existsSync } from 'node:fs';
import type { PlomadaConfig } from '../config/config';
import { ConfigError, loadConfig } from '../config/load-config';
import { type Finding, fail, ok } from './checks/finding';
import { checkKey } from './checks/key.checks';
import { checkNetwork } from './checks/network.checks';
import { checkBasics, checkRunner, checkTools } from './checks/programs.checks';
import { checkArtifacts, checkDatabase, checkFolders } from './checks/storage.checks';
import { SqliteFile } from './sqlite-file';

/** Looks at everything a server needs. It changes nothing, and may be run while a server is at work. */
export async function examine(env: NodeJS.ProcessEnv, isDeep: boolean): Promise<Finding[]> {
  const findings = await checkBasics(env);
  let config: PlomadaConfig;
  try {
    config = loadConfig(env);
    findings.push(ok('configuration', 'valid'));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => fail('configuration', problem));
    return [...findings, ...problems, ...(await checkTools(env, new Set()))];
  }
  const { databaseFile } = config.storage;
  findings.push(...(await checkFolders(config)));
  const used = new Set<string>();
  if (existsSync(databaseFile)) findings.push(...(await examineDatabase(config, isDeep, used)));
  else {
    findings.push(ok('database', 'not there; the first start makes it.'));
    findings.push(...(await checkKey(config, null, isDeep)));
  }
  findings.push(...(await checkTools(env, used)), ...(await checkRunner(config, env)));
  findings.push(...(await checkNetwork(config, await isServerRunning(databaseFile))));
  return findings;
}

async function examineDatabase(config: PlomadaConfig, isDeep: boolean, used: Set<string>): Promise<Finding[]> {
  try {
    return await SqliteFile.with(config.storage.databaseFile, 'read', async (database) => {
      const findings = await checkDatabase(database);
      if (findings.some(({ name, level }) => name === 'database' && level === 'fail')) return findings;
      if (await database.hasTable('deployments')) {
        for (const { tool } of await database.all('SELECT DISTINCT tool FROM deployments')) used.add(String(tool));
      }
      findings.push(...(await checkKey(config, database, isDeep)));
      findings.push(await checkArtifacts(database, config, isDeep));
      return findings;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fail('database', `cannot be read (${reason}): check its owner, or restore a backup.`)];
  }
}

/** Whether somebody holds the lock of `ServerLock`: asked without taking it. */
async function isServerRunning(databaseFile: string): Promise<boolean> {
  const file = `${databaseFile}.lock`;
  if (!existsSync(file)) return false;
  const lock = await SqliteFile.open(file, 'read', 0).catch(() => null);
  if (!lock) return false;
  try {
    await lock.all('SELECT 1 FROM sqlite_master');
    return false;
  } catch {
    return true;
  } finally {
    await lock.close();
  }
}

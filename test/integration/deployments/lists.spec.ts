import { newId } from '../../../src/common/ids';
import type { Page } from '../../../src/common/http/pagination';
import type { Database } from '../../../src/database/database';
import { Transaction } from '../../../src/database/transaction';
import type { RunStatus } from '../../../src/deployments/domain/run-status';
import { DeploymentRepository } from '../../../src/deployments/persistence/deployment.repository';
import { DeploymentEntity } from '../../../src/deployments/persistence/deployment.entity';
import { RunEntity } from '../../../src/deployments/persistence/run.entity';
import { RunRepository } from '../../../src/deployments/persistence/run.repository';
import { NamespaceEntity } from '../../../src/namespaces/persistence/namespace.entity';
import { DatabaseFolder } from '../database/temporary-database';

interface Deployment {
  id: string;
  namespaceId: string;
  name: string;
}
interface Run {
  seq: number;
  deploymentId: string;
  namespaceId: string;
  path: string;
  status: RunStatus;
}

const STATUSES: RunStatus[] = ['success', 'failed', 'cancelled', 'pending'];
const PATHS = ['.', 'envs/prod', 'envs/stage'];
const NOW = '2026-11-27T12:00:00.000Z';
/** The second one has more deployments than are asked for in one go. */
const SIZES = { few: 3, many: 450, none: 0 };
const RUNS = 1500;

/** What a list gives, page by page. */
async function pagesOf<T>(find: (cursor: string | undefined) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: string | undefined; ;) {
    const { items, next } = await find(cursor);
    if (next !== null) expect(items).toHaveLength(limit);
    found.push(...items);
    if (next === null) return found;
    cursor = next;
  }
}

describe('the lists', () => {
  const folder = new DatabaseFolder();
  let database: Database;
  let runRepository: RunRepository;
  let deploymentRepository: DeploymentRepository;
  const namespaces = new Map<string, string>();
  /** Newest first, as lists give them. */
  let deployments: Deployment[];
  let runs: Run[];

  beforeAll(async () => {
    database = await folder.open();
    runRepository = new RunRepository(database);
    deploymentRepository = new DeploymentRepository(database);
    const content = makeContent();
    deployments = content.deployments.toReversed();
    runs = content.runs.toReversed();
    await database.transaction(async (transaction) => {
      const manager = Transaction.managerOf(transaction);
      const times = { createdAt: NOW, updatedAt: NOW };
      for (const [name, id] of namespaces) {
        await manager.insert(NamespaceEntity, { id, name, description: '', isPublic: false, ...times });
      }
      for (const [place, deployment] of content.deployments.entries()) {
        const createdAt = new Date(Date.parse(NOW) + place * 1000).toISOString();
        const source = { description: '', gitUrl: 'https://git.example.com/a.git', workingDirectory: '.' };
        const how = { tool: 'terraform' as const, autoApprove: false, stateBackend: 'managed' as const };
        await manager.insert(DeploymentEntity, { ...deployment, ...source, ...how, createdAt, updatedAt: createdAt });
      }
      for (const { seq, deploymentId, namespaceId, path, status } of content.runs) {
        const what = { operation: 'apply' as const, tool: 'terraform' as const, path, status, createdBy: 'a' };
        const given = { envVars: {}, sensitiveEnvNames: [], tfvarsFiles: [], targets: [], replace: [] };
        const flags = { autoApprove: false, timeoutMinutes: 30, cancelForce: false, attempt: 1, eventSeq: 0 };
        const run = { id: newId(), seq, deploymentId, namespaceId, ...what, ...given, ...flags, createdAt: NOW };
        await manager.insert(RunEntity, run);
      }
    });
  });
  afterAll(async () => {
    await database.close();
    folder.forget();
  });

  /** Skewed: the first deployments of each namespace have most runs, and the last ones none. */
  function makeContent(): { deployments: Deployment[]; runs: Run[] } {
    const made: Deployment[] = [];
    for (const [name, size] of Object.entries(SIZES)) {
      const namespaceId = newId();
      namespaces.set(name, namespaceId);
      for (let place = 0; place < size; place++) made.push({ id: newId(), namespaceId, name: `${name}-${place}` });
    }
    let state = 1;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const pick = <T>(from: readonly T[], skew = 1): T => from[Math.floor(random() ** skew * from.length)]!;
    const started = made.filter(({ name }) => !/[12]$/.test(name));
    return {
      deployments: made,
      runs: Array.from({ length: RUNS }, (_none, place) => {
        const { id: deploymentId, namespaceId } = pick(started, 2);
        return { seq: place + 1, deploymentId, namespaceId, path: pick(PATHS), status: pick(STATUSES, 2) };
      }),
    };
  }

  const fits = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value;
  const optional = <T>(values: T[]): (T | undefined)[] => [undefined, ...values];
  const limit = 40;

  it.each(['any', 'few', 'many', 'none'])('of runs give the right ones, newest first: namespace %s', async (name) => {
    const namespaceId = namespaces.get(name);
    const deployment = deployments.at(-1)!.id;
    let shown = 0;
    for (const deploymentId of [undefined, deployment]) {
      for (const status of optional<RunStatus>([...STATUSES, 'planning'])) {
        for (const path of optional([...PATHS, 'no/such'])) {
          const filter = { namespaceId, deploymentId, status, path, limit };
          const found = await pagesOf((cursor) => runRepository.findPage({ ...filter, cursor }), limit);
          const expected = runs.filter(
            (run) =>
              fits(namespaceId, run.namespaceId) &&
              fits(deploymentId, run.deploymentId) &&
              fits(status, run.status) &&
              fits(path, run.path),
          );
          expect(found.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq));
          shown += found.length;
        }
      }
    }
    expect(shown > 0).toBe(name !== 'none');
  });

  it('of deployments give those whose last run has the status, newest first', async () => {
    const lastStatus = (id: string): RunStatus | 'none' =>
      runs.find((run) => run.deploymentId === id)?.status ?? 'none';
    const counts: Record<string, number> = {};
    for (const name of ['any', ...namespaces.keys()]) {
      const namespaceId = namespaces.get(name);
      for (const status of optional<RunStatus | 'none'>([...STATUSES, 'planning', 'none'])) {
        for (const q of optional(['-1', 'git.EXAMPLE', 'no such text'])) {
          const filter = { namespaceId, status, q, limit };
          const found = await pagesOf((cursor) => deploymentRepository.findPage({ ...filter, cursor }), limit);
          const expected = deployments.filter(
            (each) =>
              fits(namespaceId, each.namespaceId) &&
              fits(status, lastStatus(each.id)) &&
              (q === undefined || `${each.name} git.EXAMPLE`.includes(q)),
          );
          expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
          counts[status ?? 'any'] = (counts[status ?? 'any'] ?? 0) + found.length;
        }
      }
    }
    const { planning, ...others } = counts;
    expect(planning).toBe(0);
    expect(Object.values(others).every((count) => count > 0)).toBe(true);
  });
});

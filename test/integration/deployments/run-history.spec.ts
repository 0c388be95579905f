import { Subject } from 'rxjs';
import { newId } from '../../../src/common/ids';
import type { Database } from '../../../src/database/database';
import { Transaction } from '../../../src/database/transaction';
import { DeploymentEntity } from '../../../src/deployments/persistence/deployment.entity';
import { RunEntity } from '../../../src/deployments/persistence/run.entity';
import { RunRepository } from '../../../src/deployments/persistence/run.repository';
import { RunHistory } from '../../../src/deployments/run-history.service';
import type { RunJournal } from '../../../src/deployments/run-journal.service';
import { NamespaceEntity } from '../../../src/namespaces/persistence/namespace.entity';
import { DatabaseFolder } from '../database/temporary-database';

const START = '2026-11-27T12:00:00.000Z';
const after = (ms: number): string => new Date(Date.parse(START) + ms).toISOString();

describe('the history of runs', () => {
  const folder = new DatabaseFolder();
  const deploymentId = newId();
  let database: Database;
  let history: RunHistory;
  let moved: Subject<RunEntity>;
  let seq = 0;

  beforeAll(async () => {
    database = await folder.open();
    const times = { createdAt: START, updatedAt: START };
    const namespaceId = newId();
    await database.transaction(async (transaction) => {
      const manager = Transaction.managerOf(transaction);
      const namespace = { id: namespaceId, name: 'a', description: '', isPublic: false, ...times };
      await manager.insert(NamespaceEntity, namespace);
      const source = { name: 'a', description: '', gitUrl: 'https://git.example.com/a.git', workingDirectory: '.' };
      const how = { tool: 'terraform' as const, autoApprove: false, stateBackend: 'managed' as const };
      await manager.insert(DeploymentEntity, { id: deploymentId, namespaceId, ...source, ...how, ...times });
    });
  });
  afterAll(async () => {
    await database.close();
    folder.forget();
  });
  beforeEach(async () => {
    moved = new Subject();
    history = new RunHistory(new RunRepository(database), { moved } as unknown as RunJournal);
    await database.transaction((transaction) => Transaction.managerOf(transaction).query('DELETE FROM runs'));
  });

  /** Stores a plan that took so long, without telling anybody. */
  async function storeRun(ms: number): Promise<RunEntity> {
    const what = { operation: 'plan', tool: 'terraform', path: '.', status: 'success', createdBy: 'a' } as const;
    const given = { envVars: {}, sensitiveEnvNames: [], tfvarsFiles: [], targets: [], replace: [] };
    const flags = { autoApprove: false, timeoutMinutes: 30, cancelForce: false, attempt: 1, eventSeq: 0 };
    const times = { createdAt: START, startedAt: START, completedAt: after(ms) };
    const run = { id: newId(), seq: ++seq, deploymentId, ...what, ...given, ...flags, ...times };
    await database.transaction((transaction) => Transaction.managerOf(transaction).insert(RunEntity, run));
    return run as unknown as RunEntity;
  }
  const plans = async (): Promise<(number | null)[]> =>
    (await history.findOf([deploymentId])).map(({ plan }) => plan).sort((one, other) => Number(one) - Number(other));

  it('is read once, until another run of the deployment ends', async () => {
    await storeRun(1000);
    expect(await plans()).toEqual([1000]);
    const second = await storeRun(2000);
    expect(await plans()).toEqual([1000]);
    moved.next({ ...second, status: 'planning' });
    expect(await plans()).toEqual([1000]);
    moved.next(second);
    expect(await plans()).toEqual([1000, 2000]);
  });

  it('is not kept when a run ended while it was read', async () => {
    const first = await storeRun(1000);
    const reading = plans();
    moved.next(first);
    expect(await reading).toEqual([1000]);
    await storeRun(2000);
    expect(await plans()).toEqual([1000, 2000]);
  });

  it('of a deployment without runs is empty, and is seen to be so without another look', async () => {
    expect(await plans()).toEqual([]);
    await storeRun(1000);
    expect(await plans()).toEqual([]);
  });
});

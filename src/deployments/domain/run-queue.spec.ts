import { arrangeQueue, QueuedRun } from './run-queue';
import type { RunOperation } from './run-operation';

const run = (id: string, deploymentId = 'd', path = '.', operation: RunOperation = 'apply'): QueuedRun => ({
  id,
  deploymentId,
  path,
  operation,
});

describe('arrangeQueue', () => {
  it('lets the oldest of a path go and the others wait for the one before them', () => {
    const { startable, places } = arrangeQueue([run('a'), run('b'), run('c')], []);
    expect(startable).toEqual(['a']);
    expect(places.get('a')).toEqual({ position: 1, waitingFor: { reason: 'capacity' } });
    expect(places.get('b')).toEqual({ position: 1, waitingFor: { reason: 'earlier_run', run_id: 'a' } });
    expect(places.get('c')).toEqual({ position: 2, waitingFor: { reason: 'earlier_run', run_id: 'b' } });
  });

  it('makes a run wait for the holder of its path, and of its path alone', () => {
    const { startable, places } = arrangeQueue([run('b'), run('c', 'd', 'other'), run('e', 'd2')], [run('a')]);
    expect(startable).toEqual(['c', 'e']);
    expect(places.get('b')?.waitingFor).toEqual({ reason: 'earlier_run', run_id: 'a' });
    expect(places.get('e')).toEqual({ position: 2, waitingFor: { reason: 'capacity' } });
  });

  it('lets plan-only runs pass, and pass by', () => {
    const { startable, places } = arrangeQueue(
      [run('p', 'd', '.', 'plan'), run('b')],
      [run('a'), run('q', 'd', '.', 'plan')],
    );
    expect(startable).toEqual(['p']);
    expect(places.get('b')?.waitingFor).toEqual({ reason: 'earlier_run', run_id: 'a' });
  });

  it.each(['destroy', 'refresh'] as const)('treats %s like apply', (operation) => {
    expect(arrangeQueue([run('b', 'd', '.', operation)], [run('a')]).startable).toEqual([]);
  });
});

import { newId } from '../common/ids';
import { ACTIVE_STATUSES } from '../deployments/domain/run-status';
import type { SqliteFile } from './sqlite-file';

/**
 * Closes the runs that had not ended when the backup was made. Nobody knows what became of them since: one that waited
 * may have been applied, and must not be applied again by a server that starts. So no restart ever gets to see them.
 * The state of one that was applying stays locked, as after any apply whose end is not known: a person must look first.
 * @returns how many there were
 */
export async function closeRestoredRuns(database: SqliteFile, now: Date): Promise<number> {
  if (!(await database.hasTable('runs'))) return 0;
  const at = now.toISOString();
  const marks = ACTIVE_STATUSES.map(() => '?').join(', ');
  await database.run('BEGIN IMMEDIATE');
  try {
    const runs = await database.all(`SELECT id, status, event_seq FROM runs WHERE status IN (${marks})`, [
      ...ACTIVE_STATUSES,
    ]);
    for (const { id = null, status = null, event_seq } of runs) {
      const reason = `The run was ${String(status)} when the backup was made that this server was restored from. What became of it since is not known (restored). Plan again.`;
      const seq = Number(event_seq) + 1;
      await database.run(
        `UPDATE runs SET status = 'failed', error_message = ?, completed_at = ?, event_seq = ? WHERE id = ?`,
        [reason, at, seq, id],
      );
      await database.run(
        `INSERT INTO run_transitions (id, run_id, from_status, to_status, actor, reason, at) VALUES (?, ?, ?, 'failed', 'platform', ?, ?)`,
        [newId(), id, status, reason, at],
      );
      await database.run(`INSERT INTO run_events (run_id, seq, kind, data, at) VALUES (?, ?, 'end', ?, ?)`, [
        id,
        seq,
        Buffer.from(JSON.stringify({ status: 'failed' })),
        at,
      ]);
      if (status !== 'applying' && (await database.hasTable('state_locks'))) {
        await database.run('DELETE FROM state_locks WHERE run_id = ?', [id]);
      }
    }
    await database.run('COMMIT');
    return runs.length;
  } catch (error) {
    await database.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

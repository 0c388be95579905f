import { MIGRATIONS } from '../../../src/database/migrations';
import { StateOrder1764300000000 } from '../../../src/database/migrations/1764300000000-state-order';
import { StateRepository } from '../../../src/state/persistence/state.repository';
import { DatabaseFolder } from './temporary-database';

it('states of a database of before keep their order, and all that is known of them', async () => {
  const folder = new DatabaseFolder();
  try {
    const before = await folder.open(MIGRATIONS.slice(0, MIGRATIONS.indexOf(StateOrder1764300000000)));
    const writer = before.writer;
    await writer.query('PRAGMA foreign_keys = OFF');
    await writer.query(
      `INSERT INTO namespaces (id, name, description, is_public, created_at, updated_at) VALUES ('n', 'n', '', 0, '', '')`,
    );
    await writer.query(
      `INSERT INTO deployments (id, namespace_id, name, description, git_url, working_directory, tool, auto_approve, created_at, updated_at)
        VALUES ('d', 'n', 'd', '', 'https://git.example.com/x.git', '.', 'terraform', 0, '', '')`,
    );
    const insert = (id: string, path: string, serial: number): Promise<unknown> =>
      writer.query(
        `INSERT INTO state_versions (id, deployment_id, path, serial, lineage, sha256, size_bytes, blob_sha256, resource_count, run_id, created_by, created_at)
          VALUES (?, 'd', ?, ?, 'l', 'sha', 7, 'blob', NULL, NULL, 'me', 'now')`,
        [id, path, serial],
      );
    await insert('third', '.', 281_474_976_710_656);
    await insert('first', '.', 0);
    await insert('second', '.', 8);
    await insert('other', 'elsewhere', 3);
    await before.close();

    const after = await folder.open();
    const repository = new StateRepository(after);
    const versions = await repository.findVersions({ deploymentId: 'd', path: '.' });
    expect(versions.map(({ id }) => id)).toEqual(['third', 'second', 'first']);
    expect(versions[0]).toEqual({
      ...{ id: 'third', deploymentId: 'd', path: '.', seq: 281_474_976_710_656, serial: 281_474_976_710_656 },
      ...{ lineage: 'l', sha256: 'sha', sizeBytes: 7, blobSha256: 'blob', resourceCount: null, runId: null },
      ...{ createdBy: 'me', createdAt: 'now' },
    });
    const newest = await repository.findNewestOfEach('d');
    expect(newest.map(({ id }) => id).sort()).toEqual(['other', 'third']);
    await after.close();
  } finally {
    folder.forget();
  }
});

// Opens the database named by the first argument with a migration that changes something, says so, and never ends.
const { join } = require('node:path');

const server = join(__dirname, '..', '..', '..', 'dist', 'src');
const { MIGRATIONS } = require(join(server, 'database', 'migrations'));
const { openDatabase } = require(join(server, 'database', 'open-database'));
const { ENTITIES } = require(join(server, 'entities'));

class Endless9000000000003 {
  name = 'Endless9000000000003';

  async up(runner) {
    await runner.query('CREATE TABLE half (id TEXT)');
    await runner.query(`UPDATE namespaces SET description = 'half'`);
    await runner.query('DROP TABLE run_plans');
    process.stdout.write('half way\n');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
}

openDatabase(process.argv[2], ENTITIES, [...MIGRATIONS, Endless9000000000003]).catch((error) => {
  console.error(error);
  process.exit(1);
});

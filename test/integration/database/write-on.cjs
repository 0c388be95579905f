// Writes units of two rows into the database named by the first argument, several at once, without end; prints a line
// with the name of a unit after it was acknowledged.
const { join } = require('node:path');

const server = join(__dirname, '..', '..', '..', 'dist', 'src');
const { MIGRATIONS } = require(join(server, 'database', 'migrations'));
const { openDatabase } = require(join(server, 'database', 'open-database'));
const { Transaction } = require(join(server, 'database', 'transaction'));
const { ENTITIES } = require(join(server, 'entities'));

const INSERT = `INSERT INTO namespaces (id, name, description, is_public, created_at, updated_at) VALUES (?, ?, ?, 0, '', '')`;

async function main([file, round]) {
  const database = await openDatabase(file, ENTITIES, MIGRATIONS);
  const write = async (writer) => {
    for (let number = 0; ; number++) {
      const unit = `${round}-${writer}-${number}`;
      await database.transaction(async (transaction) => {
        const manager = Transaction.managerOf(transaction);
        await manager.query(INSERT, [`${unit}-a`, `${unit}-a`, unit]);
        await manager.query(INSERT, [`${unit}-b`, `${unit}-b`, unit]);
      });
      process.stdout.write(`${unit}\n`);
    }
  };
  await Promise.all([0, 1, 2, 3].map(write));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});

import { DynamicModule, Global, Module } from '@nestjs/common';
import { Database } from './database';

/** Makes the open database injectable. It is opened and closed by whoever makes the application. */
@Global()
@Module({})
export class DatabaseModule {
  static with(database: Database): DynamicModule {
    return { module: DatabaseModule, providers: [{ provide: Database, useValue: database }], exports: [Database] };
  }
}

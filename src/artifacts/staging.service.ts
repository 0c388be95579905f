import { mkdir, rm } from 'node:fs/promises';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { newId } from '../common/ids';
import { StorageConfig } from '../config/config';

/**
 * Folders for files on their way into the store: uploads, unpacked archives, checkouts. They live as long as the work
 * they are for; what a killed server left is removed at the start.
 */
@Injectable()
export class Staging {
  private readonly root: string;

  constructor(storage: StorageConfig) {
    this.root = join(storage.dataDir, 'staging');
    rmSync(this.root, { recursive: true, force: true });
    mkdirSync(this.root, { recursive: true, mode: 0o700 });
  }

  /** A fresh, empty folder; whoever asks for it removes it. */
  async create(): Promise<string> {
    const directory = join(this.root, newId());
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  }

  /** Gives `work` a fresh, empty folder that is removed when it ends, however it ends. */
  async with<T>(work: (directory: string) => Promise<T>): Promise<T> {
    const directory = await this.create();
    try {
      return await work(directory);
    } finally {
      await this.remove(directory);
    }
  }

  async remove(directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true });
  }
}

import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { GitConfig, StorageConfig } from '../config/config';
import { SERVER_ENVIRONMENT } from '../config/config.module';
import { GIT_PORT } from './git.port';
import { RemoteForgetting } from './remote-forgetting.service';
import { RemoteSecrets } from './remote-secrets';
import { SimpleGitAdapter } from './simple-git.adapter';

/** The way to Git. */
@Global()
@Module({
  providers: [
    {
      provide: GIT_PORT,
      inject: [GitConfig, StorageConfig, SERVER_ENVIRONMENT],
      useFactory: (git: GitConfig, storage: StorageConfig, environment: NodeJS.ProcessEnv) =>
        new SimpleGitAdapter({
          allowedSchemes: git.allowedSchemes,
          blockedNetworks: git.blockedNetworks,
          timeoutSeconds: git.timeoutSeconds,
          maxBytes: git.maxBytes,
          cacheDir: join(storage.dataDir, 'git'),
          environment,
          homeDir: join(storage.dataDir, 'git', 'home'),
        }),
    },
    RemoteSecrets,
    RemoteForgetting,
  ],
  exports: [GIT_PORT, RemoteSecrets, RemoteForgetting],
})
export class GitModule {}

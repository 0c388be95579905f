export { GitError } from './git.errors';
export { GitModule } from './git.module';
export * from './git.port';
export { assertGitRef } from './ref-name';
export { assertCredentialsStayWithTheirHost, assertRemoteFields } from './remote-fields';
export { RemoteForgetting } from './remote-forgetting.service';
export { RemoteSecrets, type StoredRemote } from './remote-secrets';
export { assertGitUrl, gitHost } from './remote-url';

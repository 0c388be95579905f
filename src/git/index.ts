export { GitModule } from './git.module';
export * from './git.port';
export { assertGitRef } from './ref-name';
export { assertGitUrl, gitHost } from './remote-url';

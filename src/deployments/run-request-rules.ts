import { DomainError, InvalidFieldError } from '../common/errors';
import { assertGitRef } from '../git';
import { checkEnvironment } from '../common/environment/environment-policy';
import { assertTfvarsFile, normalizeRepositoryPath } from '../common/text/repository-path';
import { assertResourceAddress } from './domain/resource-address';
import type { CreateRunRequest } from './dto/create-run.request';
import { refusingAs } from '../common/refusing-as';
import type { DeploymentEntity } from './persistence/deployment.entity';

/**
 * Checks what the validators of the request class cannot see.
 * @param platformTokenNames the `TF_TOKEN_…` names that stand for the platform's own host
 * @returns the folder the run works in, normalized
 * @throws InvalidFieldError and others that name the field
 */
export function assertRunRequest(
  deployment: DeploymentEntity,
  request: CreateRunRequest,
  platformTokenNames: readonly string[],
): string {
  if (request.deployment_id !== undefined && request.deployment_id.toLowerCase() !== deployment.id) {
    throw new InvalidFieldError('deployment_id', 'is not the deployment of the path');
  }
  const path = normalizeRepositoryPath(request.path ?? deployment.workingDirectory, 'path');
  const { ref } = request;
  if (ref !== undefined) refusingAs('ref', () => assertGitRef(ref));
  for (const file of request.tfvars_files ?? []) assertTfvarsFile(file, path, 'tfvars_files');
  for (const address of request.targets ?? []) assertResourceAddress(address, 'targets', 'target');
  for (const address of request.replace ?? []) assertResourceAddress(address, 'replace', 'replace');
  if ((request.replace?.length ?? 0) > 0 && (request.operation === 'destroy' || request.operation === 'refresh')) {
    throw new InvalidFieldError('replace', `cannot be used with the operation ${request.operation}`);
  }
  const plain = request.env_vars ?? {};
  const sensitive = request.sensitive_env_vars ?? {};
  const backendOwner = deployment.stateBackend === 'managed' ? 'platform' : 'configuration';
  const problems = [
    ...checkEnvironment(plain, 'env_vars', platformTokenNames, backendOwner),
    ...checkEnvironment(sensitive, 'sensitive_env_vars', platformTokenNames, backendOwner),
  ];
  for (const name of Object.keys(plain)) {
    if (name in sensitive) problems.push({ field: `env_vars.${name}`, message: 'is given in sensitive_env_vars too' });
  }
  if (problems.length > 0) {
    const [first] = problems;
    throw new DomainError('invalid', 'validation-failed', `${first!.field}: ${first!.message}`, problems);
  }
  return path;
}

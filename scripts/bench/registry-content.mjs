import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { makeModuleArchive, makeProviderZip } from './archive-files.mjs';

export const VERSION = '1.0.0';
const PLATFORM = { os: 'linux', arch: 'amd64' };

/** A form with files, as a publisher sends it. @returns the parsed answer */
export async function sendForm(api, path, { fields = {}, files }) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  for (const [name, file] of Object.entries(files)) form.set(name, await openAsBlob(file), basename(file));
  const headers = { authorization: `Bearer ${api.key}` };
  const response = await fetch(`${api.url}${path}`, { method: 'POST', headers, body: form });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} answered ${response.status}:\n${text}`);
  return JSON.parse(text);
}

export function createNamespace(api, name, isPublic = true) {
  return api.post('/api/namespaces', { name, is_public: isPublic });
}

/** A module with one version. @returns the module */
export async function publishModule(api, directory, { namespace, name, bytes = 0 }) {
  const module = await api.post('/api/modules', { namespace_id: namespace, name, provider: 'aws' });
  await uploadModule(api, module, await makeModuleArchive(directory, { bytes }));
  return module;
}

export function uploadModule(api, { id }, file, version = VERSION) {
  return sendForm(api, `/api/modules/${id}/versions`, { fields: { version }, files: { file } });
}

/** A provider with one published version, whose package has about `bytes`. @returns provider and version */
export async function publishProvider(api, directory, { namespace, name, bytes }) {
  const provider = await api.post('/api/providers', { namespace_id: namespace, name });
  const draft = await createDraft(api, provider, VERSION);
  await uploadPackage(api, draft, await makeProviderZip(directory, { name, version: VERSION, bytes }));
  const version = await api.post(`${draft.path}/publish`, undefined, 200);
  return { provider, version };
}

/** @returns the version, with its path in the API */
export async function createDraft(api, { id }, number) {
  const path = `/api/providers/${id}/versions`;
  const version = await api.post(path, { version: number });
  return { ...version, path: `${path}/${version.id}` };
}

export function uploadPackage(api, draft, file) {
  return sendForm(api, `${draft.path}/platforms/upload`, { fields: PLATFORM, files: { file } });
}

/** Paths of the registry protocol, as clients ask for them. */
export const protocolPath = {
  discovery: '/.well-known/terraform.json',
  moduleVersions: (namespace, name) => `/v1/modules/${namespace}/${name}/aws/versions`,
  moduleDownload: (namespace, name) => `/v1/modules/${namespace}/${name}/aws/${VERSION}/download`,
  providerVersions: (namespace, name) => `/v1/providers/${namespace}/${name}/versions`,
  providerDownload: (namespace, name) =>
    `/v1/providers/${namespace}/${name}/${VERSION}/download/${PLATFORM.os}/${PLATFORM.arch}`,
};

import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { ADMIN_KEY, type TestResponse } from './test-server';

/** Sends a form: files by their paths, fields as text. */
export async function uploadForm(
  url: string,
  files: Record<string, string>,
  fields: Record<string, string> = {},
  key = ADMIN_KEY,
): Promise<TestResponse> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  for (const [name, path] of Object.entries(files)) form.set(name, await openAsBlob(path), basename(path));
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: form });
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
}

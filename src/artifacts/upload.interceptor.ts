import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  applyDecorators,
  CallHandler,
  createParamDecorator,
  ExecutionContext,
  Injectable,
  mixin,
  NestInterceptor,
  Type,
  UseInterceptors,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import { finalize, type Observable } from 'rxjs';
import { DomainError, InvalidFieldError } from '../common/errors';
import { RegistryConfig } from '../config/config';
import { asStorageError, tooLarge } from './file-artifact-store';
import { Staging } from './staging.service';

/** A file of a form, on the disk until the request ends. */
export interface UploadedFile {
  path: string;
  sizeBytes: number;
}

type Uploads = Partial<Record<string, UploadedFile>>;

interface UploadRequest extends Request {
  uploads?: Uploads;
}

/** What the fields of a form and the boundaries around a file may take besides it. */
const FORM_BYTES = 2 ** 20;
const LAST_WORDS_MS = 2_000;

function uploadInterceptor(parts: string[], isOptional: boolean): Type<NestInterceptor> {
  @Injectable()
  class UploadInterceptor implements NestInterceptor {
    constructor(
      private readonly staging: Staging,
      private readonly config: RegistryConfig,
    ) {}

    async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
      const request = context.switchToHttp().getRequest<UploadRequest>();
      const response = context.switchToHttp().getResponse<Response>();
      if (!request.is('multipart/form-data')) {
        if (isOptional) return next.handle();
        throw new DomainError(
          'unsupported-media-type',
          'unsupported-media-type',
          `Send the files as multipart/form-data, in the parts ${parts.join(', ')}.`,
        );
      }
      const directory = await this.staging.create();
      const forget = (): void => void this.staging.remove(directory);
      try {
        request.uploads = await this.receive(request, response, directory);
      } catch (error) {
        forget();
        dropRest(request, response);
        throw error;
      }
      return next.handle().pipe(finalize(forget));
    }

    private async receive(request: UploadRequest, response: Response, directory: string): Promise<Uploads> {
      const { uploadMaxBytes } = this.config;
      if (Number(request.headers['content-length'] ?? 0) > parts.length * uploadMaxBytes + FORM_BYTES) {
        throw tooLarge(uploadMaxBytes);
      }
      const uploads: Uploads = {};
      await new Promise<void>((resolve, reject) => {
        // Whoever goes away while we wait tells nobody but this; multer does not listen before it is called.
        const cut = (): void => {
          if (!request.readableEnded) reject(formEnded());
        };
        if (request.destroyed) return cut();
        request.once('close', cut);
        const storage = diskStorage(directory, uploads, () => reject(tooLarge(uploadMaxBytes)));
        const limits = {
          fileSize: uploadMaxBytes,
          files: parts.length,
          fields: 16,
          fieldNameSize: 100,
          fieldSize: 64 * 1024,
          parts: parts.length + 16,
        };
        const form = multer({ storage, limits }).fields(parts.map((name) => ({ name, maxCount: 1 })));
        form(request, response, (error: unknown) => {
          request.off('close', cut);
          if (error) reject(asUploadError(error, uploadMaxBytes));
          else resolve();
        });
      });
      assertFields(request.body);
      const missing = parts.find((name) => uploads[name] === undefined);
      if (missing !== undefined) throw new InvalidFieldError(missing, 'is missing: send it as a file of the form');
      return uploads;
    }
  }
  return mixin(UploadInterceptor);
}

/** Names that reach into the prototype of an object: JSON bodies refuse them as well. */
function assertFields(body: unknown): void {
  const refused = Object.keys(body ?? {}).find((name) => ['__proto__', 'constructor', 'prototype'].includes(name));
  if (refused !== undefined) {
    throw new DomainError('invalid', 'upload-malformed', `The form has a field that is not allowed: ${refused}.`);
  }
}

/** Whoever is told no may still be sending: they get a moment to read the answer, and then the line is cut. */
function dropRest(request: Request, response: Response): void {
  if (request.complete || request.destroyed) return;
  // Without `Connection: close`, upon which node cuts the line at once, and the answer is lost with what was not read.
  response.once('finish', () => {
    request.resume();
    const cut = setTimeout(() => request.socket.destroy(), LAST_WORDS_MS).unref();
    request.once('close', () => clearTimeout(cut));
  });
}

/** Writes each file of a form into `directory`, under a name of ours. */
function diskStorage(directory: string, uploads: Uploads, onTooLarge: () => void): StorageEngine {
  return {
    _handleFile: (_request, file, done) => {
      const path = join(directory, `part-${file.fieldname.replace(/\W/g, '_')}`);
      const target = createWriteStream(path, { mode: 0o600, flags: 'wx' });
      // At once: multer would read the rest of the request first.
      file.stream.once('limit', onTooLarge);
      pipeline(file.stream, target).then(() => {
        uploads[file.fieldname] = { path, sizeBytes: target.bytesWritten };
        done(null, {});
      }, done);
    },
    // The whole folder goes when the request ends.
    _removeFile: (_request, _file, done) => done(null),
  };
}

function asUploadError(error: unknown, maxBytes: number): Error {
  if (error instanceof MulterError) {
    if (error.code === 'LIMIT_FILE_SIZE') return tooLarge(maxBytes);
    const field = error.field === undefined ? '' : ` (${error.field.slice(0, 100)})`;
    return new DomainError('invalid', 'upload-malformed', `The form is not as expected: ${error.message}${field}.`);
  }
  const stored = asStorageError(error);
  if (stored instanceof DomainError) return stored;
  // What busboy and the connection say of a form that is cut or garbled.
  if (error instanceof Error && 'syscall' in error) return error;
  return formEnded();
}

function formEnded(): DomainError {
  return new DomainError('invalid', 'upload-malformed', 'The form ended early or is not valid multipart/form-data.');
}

/**
 * Takes files of a form to the disk while they come: none is ever in memory. They go when the request ends.
 * @param parts names of the parts that hold files
 */
export function Upload(parts: string[], options: { isOptional?: boolean } = {}): MethodDecorator {
  return applyDecorators(UseInterceptors(uploadInterceptor(parts, options.isOptional ?? false)));
}

/** A file of the form; undefined when the request is no form at all. */
export const UploadedPart = createParamDecorator(
  (name: string, context: ExecutionContext): UploadedFile | undefined =>
    context.switchToHttp().getRequest<UploadRequest>().uploads?.[name],
);

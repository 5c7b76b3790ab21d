'use strict';

/** What a scan can read: paths, bytes and streams of bytes. */

const { setImmediate: turn } = require('node:timers/promises');

const { pathText } = require('./values.js');

/** Bytes that cross at once. */
const PIECE = 1 << 18;
/** Milliseconds after which the event loop gets a turn although there is room for more. */
const SLICE = 4;

/**
 * Paths, and streams with their names.
 * @param {any} source
 * @returns {{ paths: string[], streams: { name: string, stream: any }[] }}
 */
function sourcesOf(source) {
  if (typeof source === 'string' || source instanceof URL) {
    return { paths: [pathText(source)], streams: [] };
  }
  if (Array.isArray(source)) {
    const all = source.map(sourcesOf);
    return { paths: all.flatMap((it) => it.paths), streams: all.flatMap((it) => it.streams) };
  }
  if (iteratorOf(source)) {
    return { paths: [], streams: [{ name: nameOf(source), stream: source }] };
  }
  if (typeof source?.name === 'string' && iteratorOf(source.stream)) {
    return { paths: [], streams: [{ name: source.name, stream: source.stream }] };
  }
  throw new TypeError(
    'a source must be a path, a file URL, bytes, a stream or async iterable of bytes, { name, stream }, or a list',
  );
}

/** The path of a file that is streamed, because names of files may tell the billing period. @param {any} stream */
function nameOf(stream) {
  return typeof stream.path === 'string' ? stream.path : 'stream';
}

/**
 * How a stream is read, chunk by chunk.
 * @param {any} stream
 * @returns {(() => AsyncIterator<any> | Iterator<any>) | undefined}
 */
function iteratorOf(stream) {
  if (stream instanceof Uint8Array) {
    return () => [stream][Symbol.iterator]();
  }
  if (typeof stream?.[Symbol.asyncIterator] === 'function') {
    return () => stream[Symbol.asyncIterator]();
  }
  if (typeof stream?.getReader === 'function') {
    return () => readerOf(stream);
  }
  if (typeof stream === 'object' && typeof stream?.[Symbol.iterator] === 'function') {
    return () => stream[Symbol.iterator]();
  }
  return undefined;
}

/** A Web stream without async iteration. @param {any} stream @returns {AsyncIterator<any>} */
function readerOf(stream) {
  const reader = stream.getReader();
  return {
    next: () => reader.read(),
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/** @param {any} chunk @returns {Uint8Array} */
function bytesOf(chunk) {
  if (chunk instanceof Uint8Array) {
    return chunk;
  }
  if (chunk instanceof ArrayBuffer) {
    return new Uint8Array(chunk);
  }
  throw new TypeError(`a stream must give bytes, not ${typeof chunk}; open it without an encoding`);
}

/** Carries one stream to the add-on until it ends, fails or nobody reads any more. */
class Pump {
  #iterator;
  #stream;
  #pipe;
  #isStopped = false;
  #turned = performance.now();
  /** What the source failed with. @type {{ error: any } | undefined} */
  failure;

  /** @param {string} name @param {any} stream @param {any} pipe */
  constructor(name, stream, pipe) {
    this.name = name;
    this.#stream = stream;
    this.#pipe = pipe;
  }

  /** Never rejects: what goes wrong is kept in `failure`. */
  async run() {
    try {
      this.#iterator = iteratorOf(this.#stream)?.();
      while (!this.#isStopped) {
        const { done, value } = await this.#iterator.next();
        if (done || this.#isStopped) {
          break;
        }
        await this.#push(bytesOf(value));
      }
      this.#pipe.end();
    } catch (error) {
      this.failure ??= { error };
      this.#pipe.end(String(error?.message ?? error));
      this.stop();
    }
  }

  /** @param {Uint8Array} bytes */
  async #push(bytes) {
    for (let at = 0; at < bytes.length && !this.#isStopped; at += PIECE) {
      if (!this.#pipe.push(bytes.subarray(at, at + PIECE))) {
        await this.#pipe.room();
      }
      if (performance.now() - this.#turned > SLICE) {
        await turn();
        this.#turned = performance.now();
      }
    }
  }

  /** Ends the bytes early and lets go of the source. */
  stop() {
    if (this.#isStopped) {
      return;
    }
    this.#isStopped = true;
    this.#pipe.end('the scan was stopped');
    // A generator that waits answers `return` only afterwards; nobody waits for that.
    Promise.resolve(this.#iterator?.return?.()).catch(() => {});
    if (typeof this.#stream.destroy === 'function') {
      this.#stream.destroy();
    }
  }
}

module.exports = { sourcesOf, Pump };

'use strict';
// Loaded into jsii's Node process ahead of jsii itself (see fast_bindings.py). The AWS provider's package names
// lib/index.js as its entry, which requires all 2,200 modules; lib/lazy-index.js beside it has the same
// exports as getters. Whoever asks for the first is answered by the second.

const { existsSync, readFileSync } = require('node:fs');
const { registerHooks } = require('node:module');
const { fileURLToPath } = require('node:url');

const STOCK_ENTRY = '/@cdktf/provider-aws/lib/index.js';
const STOCK_EXPORT = /^exports\.(\w+) = require\("(\.\/[\w-]+)"\);$/gm;
const LAZY_EXPORT =
  /^Object\.defineProperty\(exports, '(\w+)', \{ get: function \(\) \{ return require\('(\.\/[\w-]+)'\); \} \}\);$/gm;

/** The modules `file` exports, as text to compare; undefined where it requires more than those. */
function exportedModules(file, pattern) {
  const text = readFileSync(file, 'utf8');
  const modules = Array.from(text.matchAll(pattern), ([, name, path]) => `${name} ${path}`);
  return modules.length === text.split('require(').length - 1 ? modules.sort().join('\n') : undefined;
}

function isSafe(stockEntry, lazyEntry) {
  if (!existsSync(lazyEntry)) return false;
  const stock = exportedModules(stockEntry, STOCK_EXPORT);
  return Boolean(stock) && stock === exportedModules(lazyEntry, LAZY_EXPORT);
}

function warn(reason) {
  const message = `the AWS provider's bindings load the stock way (slow, and still right): ${reason}`;
  process.emitWarning(message, 'FastBindingsWarning');
}

function answerWithLazyEntry() {
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      if (!resolved.url.endsWith(STOCK_ENTRY)) return resolved;
      hooks.deregister();
      const url = resolved.url.replace(/index\.js$/, 'lazy-index.js');
      if (isSafe(fileURLToPath(resolved.url), fileURLToPath(url))) return { ...resolved, url };
      warn('lib/lazy-index.js of @cdktf/provider-aws no longer mirrors lib/index.js; mend fast_bindings_preload.js');
      return resolved;
    },
  });
}

if (registerHooks) {
  answerWithLazyEntry();
} else if (process.execArgv.includes('--preserve-symlinks')) {
  // jsii's launcher, which has no such argument, loads this file too; one warning is enough.
  warn(`Node ${process.version} has no module.registerHooks; unset JSII_NODE or name Node 22.15 or newer with it`);
}

// cdktf's dependencies call what newer versions of Node deprecate; whoever synthesizes can't mend that.
process.noDeprecation = true;

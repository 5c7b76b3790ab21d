'use strict';

const { native } = require('./lib/native.js');
const { Bill } = require('./lib/bill.js');
const { demo, errorCodes, runCli, schemas } = require('./lib/catalogue.js');
const errors = require('./lib/errors.js');
const { EcsUsage, Evidence, Reservations, ServiceMap, VolumeAttachments } = require('./lib/evidence.js');
const { Policy } = require('./lib/policy.js');
const { allocateCpu, amortize, isFinal, newRunId, split, splitCost } = require('./lib/pure.js');
const { Report } = require('./lib/report.js');
const { scan, tagKeys } = require('./lib/scan.js');
const { Store } = require('./lib/store.js');
const { formatDecimal } = require('./lib/values.js');

module.exports = {
  Bill,
  ConfigError: errors.ConfigError,
  EcsUsage,
  Evidence,
  InputError: errors.InputError,
  InternalError: errors.InternalError,
  IoError: errors.IoError,
  LimitError: errors.LimitError,
  Policy,
  Report,
  Reservations,
  ServiceMap,
  StateError: errors.StateError,
  Store,
  UnblendedError: errors.UnblendedError,
  VolumeAttachments,
  allocateCpu,
  amortize,
  demo,
  errorCodes,
  formatDecimal,
  isFinal,
  newRunId,
  runCli,
  scan,
  schemas,
  split,
  splitCost,
  tagKeys,
  version: native.version(),
};

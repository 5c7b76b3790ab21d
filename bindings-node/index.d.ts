/**
 * Who spent the AWS bill, exact to the last digit.
 *
 * Scan once, ask many times. Every attributed, idle, unused and unattributed amount sums back to the bill exactly, or
 * the promise rejects and says where. Amounts are decimal text.
 *
 * What promises works on a thread of its own, and what it answers is handed over in pages: the event loop is never held
 * for 20 ms, however large the bill. What answers at once grows with what it is given, and `report.toJson` with the
 * distinct names in the report's tables, not with the rows of the bill.
 *
 * @example
 * const bill = await scan('bills/*.csv.zip');
 * const report = await bill.attribute({ policy: { areas: { tag_keys: ['product_area'] } } });
 * console.table(await report.areaCosts());
 */

/** An exact amount as text, without exponent and trailing zeros: `'-0.000000000000000001'`. */
export type DecimalText = string;
/** An exact amount that is given: decimal text, a BigInt or a whole number. */
export type Amount = DecimalText | bigint | number;
/** An instant: RFC 3339 text, or a Date. */
export type Instant = string | Date;
/** A path, or a file URL. */
export type Path = string | URL;
/** Billing period, `YYYY-MM`. */
export type Period = string;
/** Cost basis. */
export type Basis = 'unblended' | 'net_unblended' | 'amortized' | 'net_amortized';
/** How final a bill is, from least to most. */
export type BillStatus = 'open' | 'estimated' | 'unknown' | 'invoiced';
/** What a row of a rollup table stands for. */
export type RowKind = 'area' | 'idle' | 'shared' | 'unattributed' | 'unused_commitment';
/** Why a row of kind `idle` is: a volume attached to nothing, a host on which nothing ran, capacity no task reserved. */
export type IdleReason = 'detached' | 'empty_host' | 'unreserved';
/** The last stage that named an owner. */
export type Mechanism =
  | 'account'
  | 'cost_category'
  | 'ecs'
  | 'ecs_idle'
  | 'idle'
  | 'reallocated'
  | 'reservation'
  | 'rule'
  | 'shared'
  | 'tag'
  | 'unattributed'
  | 'unused_commitment'
  | 'volume';

/** Whose concern an error is. */
export type ErrorClass = 'input' | 'config' | 'limit' | 'io' | 'state' | 'internal';

/** Where in the inputs something was found, as far as known. */
export interface Location {
  /** Path or given name of the input; an archive's entry follows a `!`. */
  readonly file?: string;
  /** Row number: the header is row 1. */
  readonly row?: number;
  /** Byte offset of the row's start in the uncompressed input. */
  readonly byte?: number;
  readonly column?: string;
}

/** Anything the library refuses or fails at. Compare `code` for one problem, the class for a concern. */
export class UnblendedError extends Error {
  constructor(message: string, options?: { code?: string; location?: Location | null; cause?: unknown });
  /** Stable code `stage.problem`, one of `errorCodes()`. */
  readonly code: string;
  readonly location: Location | null;
  /** What led to it: the error of a stream that was read, or the texts of the library. */
  readonly cause?: unknown;
}
/** Bill, event or table data is wrong. */
export class InputError extends UnblendedError {}
/** Options or the policy are wrong, or ask for what this bill cannot give. */
export class ConfigError extends UnblendedError {}
/** A limit of exact arithmetic or of the caller was reached. */
export class LimitError extends UnblendedError {}
/** The operating system refused to read or write. */
export class IoError extends UnblendedError {}
/** The store or a finalized table forbids the operation. */
export class StateError extends UnblendedError {
  /** For a refused finalization, every area whose cost differs from the live version. */
  readonly differences: AreaDifference[];
}
/** A promise of this library is broken; please report it. */
export class InternalError extends UnblendedError {}

/** A finding. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: 'info' | 'warning';
  readonly count: number;
  readonly message: string;
  readonly location: Location | null;
}

/**
 * A stream of bytes: a Web stream, a Node `Readable`, a (async) iterable, or the bytes. By content: CSV, plain or as gzip,
 * zip or zstd, Parquet, or Arrow IPC (stream or file format, such as `tableToIPC` of apache-arrow gives).
 */
export type ByteStream =
  | ReadableStream<Uint8Array>
  | NodeJS.ReadableStream
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>
  | Uint8Array;
/** A stream with a name, which stands in locations and may name the billing period, as file names do. */
export interface NamedStream {
  readonly name: string;
  readonly stream: ByteStream;
}
/** Files, directories, globs, manifests and streams. */
export type Source = Path | ByteStream | NamedStream | readonly (Path | ByteStream | NamedStream)[];

/** How far a scan is. */
export interface Progress {
  /** Bytes read so far, as stored: compressed ones count as such. */
  readonly bytesDone: number;
  /** Bytes of all inputs as stored; 0 while not known, as for streams. */
  readonly bytesTotal: number;
  /** Data rows read so far. */
  readonly rows: number;
}

/** Billing format: Detailed Billing Report, Cost and Usage Report, CUR 2.0, FOCUS. */
export type Format = 'dbr' | 'cur' | 'cur2' | 'focus';

export interface ScanOptions {
  /** Billing period to keep, and that of inputs that name none. */
  readonly period?: Period;
  /** Billing format of all inputs; told from each header where left out. */
  readonly format?: Format;
  /** Cost basis; `unblended` where neither this nor a policy says otherwise. */
  readonly basis?: Basis;
  /** Tag keys to keep, exactly as written; `product_area` where it occurs and nothing is said. */
  readonly tagKeys?: readonly string[];
  /** Tag keys to keep beside them or beside those of the policy. */
  readonly moreTagKeys?: readonly string[];
  /** Cost categories to keep, or to keep beside those of the policy. */
  readonly costCategories?: readonly string[];
  /** Whether tag keys and cost categories match in any case. */
  readonly tagsCaseInsensitive?: boolean;
  /** Keeps what this policy needs, instead of basis, tag keys and folding of case. */
  readonly policy?: Policy | PolicyContent;
  /** Keeps the usage intervals of what it names, instead of `keepIntervals`. */
  readonly evidence?: Evidence;
  /** Whose usage intervals are kept: `all` (so that any evidence can come later), `none`, or these resources'. */
  readonly keepIntervals?: 'all' | 'none' | readonly string[];
  /** Currency of rows that name none; USD where left out. */
  readonly currency?: string;
  /** Malformed rows that become findings instead of an error: any number; beyond 50, findings are counted in one. */
  readonly maxBadRows?: number;
  /** Whether the same content may be given twice, and then counts twice. */
  readonly allowDuplicates?: boolean;
  /**
   * Threads that read, however many are asked for, at most one for each input; as many as the machine runs at once
   * where left out. Never changes a result.
   */
  readonly threads?: number;
  /** Ends the scan: the promise rejects with the signal's reason, once files and streams are let go. */
  readonly signal?: AbortSignal;
  /** Called some times a second, and never after the promise is settled. What it throws ends the scan. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Reads a bill: every row once, off the event loop, in memory bounded by distinct charges. */
export function scan(source: Source, options?: ScanOptions): Promise<Bill>;
/** The tag keys that files have, sorted, as a scan can ask for them; those of one billing period where it is given. */
export function tagKeys(paths: Path | readonly Path[], options?: { readonly period?: Period }): Promise<string[]>;

/** A policy as an object: keys are those of the policy file, amounts decimal text. See `schemas().policy`. */
export interface PolicyContent {
  readonly basis?: Basis;
  readonly areas?: {
    readonly tag_keys?: readonly string[];
    readonly case_insensitive?: boolean;
    readonly aliases?: Readonly<Record<string, string>>;
    readonly accounts?: Readonly<Record<string, string>>;
  };
  readonly rules?: readonly Readonly<Record<string, unknown>>[];
  readonly containers?: {
    readonly window?: 'usage' | 'period';
    readonly idle?: 'spread' | 'separate' | 'proportional';
    readonly empty_host?: 'owner' | 'separate' | 'proportional';
    readonly weights?: { readonly cpu?: number | DecimalText; readonly memory?: number | DecimalText };
    readonly default_cpu?: number;
    readonly capacity?: Readonly<Record<string, { readonly cpu: number; readonly memory?: number }>>;
  };
  readonly volumes?: { readonly follow_attachments?: boolean; readonly detached?: 'owner' | 'separate' | 'proportional' };
  readonly commitments?: {
    readonly share?: 'auto' | 'cost' | 'usage';
    readonly unused?: 'central' | 'owner' | 'proportional';
    readonly spread?: boolean;
    readonly among?: 'all' | 'areas';
    readonly unknown_term?: 'expense' | 'error';
  };
  readonly shared?: readonly Readonly<Record<string, unknown>>[];
  readonly providers?: readonly {
    readonly area: string;
    /** Path of a table, or its rows. */
    readonly keys?: string | readonly Readonly<Record<string, unknown>>[];
  }[];
}

/** How a bill is attributed. Immutable. */
export class Policy {
  /** The classic method where nothing is said. Throws `ConfigError` for unknown keys and bad values. */
  constructor(content?: PolicyContent);
  static fromToml(text: string): Policy;
  static fromJson(text: string): Policy;
  /** JSON where the name ends so, else TOML. */
  static fromFile(path: Path): Promise<Policy>;
  /** The same policy with these keys changed; of a table, only the keys given. */
  replace(changes: PolicyContent): Policy;
  /** Cost basis that is attributed. */
  readonly basis: Basis;
  /** Hash of the policy's meaning; that of the runs made with it. */
  readonly digest: string;
  /** Tag keys a scan must keep for this policy. */
  readonly tagKeys: readonly string[];
  /** The whole policy with its defaults, as JSON text. */
  toJson(): string;
  /** The whole policy with its defaults. */
  toJSON(): Record<string, unknown>;
}

/** ECS task runs and container instances: events, snapshots or normalized tables, plain or gzip, in any mix. */
export class EcsUsage {
  /** They are read when a bill is attributed, or by `Evidence.read`. */
  constructor(paths?: Path | readonly Path[]);
  /** Usage in a text of at most 32 MiB: JSON lines, JSON, or CSV with a header. `name` stands in locations. */
  static fromText(text: string, options?: { name?: string }): EcsUsage;
  /** The same usage and that of a text. */
  withText(text: string, options?: { name?: string }): EcsUsage;
  readonly sources: readonly object[];
}

/** Which EBS volume was attached to which instance, and when: events, snapshots or normalized tables. */
export class VolumeAttachments {
  /** They are read when a bill is attributed, or by `Evidence.read`. */
  constructor(paths?: Path | readonly Path[]);
  /** Attachments in a text of at most 32 MiB: JSON lines, JSON, or CSV with a header. `name` stands in locations. */
  static fromText(text: string, options?: { name?: string }): VolumeAttachments;
  /** The same attachments and those of a text. */
  withText(text: string, options?: { name?: string }): VolumeAttachments;
  readonly sources: readonly object[];
}

/** Service → product area: a JSON, CSV or TOML file, or an object. */
export class ServiceMap {
  constructor(
    source: Path | Readonly<Record<string, string>>,
    options?: { encoding?: 'auto' | 'plain' | 'base64' },
  );
  readonly source: object;
}

/** Evidence from outside the bill, read when the bill is attributed. */
export interface EvidenceOptions {
  readonly ecs?: EcsUsage | Path | readonly Path[];
  readonly volumes?: VolumeAttachments | Path | readonly Path[];
  readonly services?: ServiceMap | Path | Readonly<Record<string, string>>;
}

/** Evidence read once, to be asked many times, and to tell a scan which intervals to keep. */
export class Evidence {
  /** No evidence. */
  constructor();
  /**
   * @param options `defaultCpu`: CPU units (1024 = 1 vCPU) of a task that reserves none, 128 where left out; `asOf`:
   * instant that runs still open are judged at, now where left out
   */
  static read(options?: EvidenceOptions & { readonly defaultCpu?: number; readonly asOf?: Instant }): Promise<Evidence>;
  taskRuns(): Promise<TaskRun[]>;
  attachments(): Promise<Attachment[]>;
  /** Ids of the volumes that a snapshot shows attached to nothing and of which nothing else is known. */
  unattached(): Promise<string[]>;
  serviceOwners(): Promise<ServiceOwner[]>;
  diagnostics(): Promise<Diagnostic[]>;
  /** Ids of the instances, tasks and volumes it names: those whose intervals a scan must keep. */
  resources(): Promise<string[]>;
  /** Hash of runs, capacities, attachments and map; that of the runs made with it. */
  digest(): Promise<string>;
}

export interface TaskRun {
  readonly task: string;
  readonly cluster: string;
  /** Its service, or `family:NAME` when standalone. */
  readonly service: string;
  readonly instance: string | null;
  /** CPU units reserved. */
  readonly cpu: number;
  /** MiB reserved. */
  readonly memory: number;
  readonly fargate: boolean;
  readonly started: string;
  /** `null` while it runs. */
  readonly stopped: string | null;
}

export interface Attachment {
  readonly volume: string;
  readonly instance: string;
  readonly attached: string;
  /** `null` while it is attached. */
  readonly detached: string | null;
}

export interface ServiceOwner {
  readonly service: string;
  readonly area: string;
  readonly cluster: string | null;
  readonly account: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

/** Commitment fees billed in other periods, which this period carries a part of. */
export class Reservations {
  /** The empty book. */
  constructor();
  /** JSON where the name ends so, else CSV. */
  static read(path: Path): Promise<Reservations>;
  /** This table and the fees a store keeps. Rejects with `reservations.conflict` where they differ. */
  combine(stored: Reservations): Promise<Reservations>;
  /** Hash of the fees; that of the runs made with them. */
  readonly digest: string;
  toObjects(): Promise<Fee[]>;
}

export interface Fee {
  readonly payer: string;
  readonly billingPeriod: Period;
  readonly usageAccount: string;
  readonly product: string;
  readonly kind: string;
  readonly commitmentId: string;
  readonly start: string;
  readonly end: string;
  readonly currency: string;
  readonly fee: DecimalText;
  /** Usage type that it is for, where its bill says so. */
  readonly usageType?: string;
  /** Availability zone that it is for, where its bill says so. */
  readonly zone?: string;
  /** How many reservations it bought, where its bill says so. */
  readonly count?: DecimalText;
}

export interface AttributeOptions extends EvidenceOptions {
  /** How; the classic method where left out. */
  readonly policy?: Policy | PolicyContent;
  /** Tasks, volumes and services together, read before. */
  readonly evidence?: Evidence;
  /** Fees billed in other periods. */
  readonly reservations?: Reservations | Path;
  /** Which currency, where the bill has several. */
  readonly currency?: string;
  /** Instant that status and open runs are judged at; now where left out. */
  readonly asOf?: Instant;
}

/** Rows of the files that a bill was scanned from. */
export interface RowsOptions {
  /** The files. */
  readonly source?: Path | readonly Path[];
  /** The first so many rows, by file and place; 100 where left out. */
  readonly rows?: number;
  /** Options of the scan which are no defaults and which the bill does not know. */
  readonly scanned?: Pick<
    ScanOptions,
    'format' | 'currency' | 'tagsCaseInsensitive' | 'maxBadRows' | 'allowDuplicates'
  >;
}

/** A row of a file, with its cost in the basis of the scan. */
export interface BillRow {
  readonly file: string;
  /** In CSV the header is row 1. */
  readonly row: number;
  readonly cost: DecimalText;
}

/** Which cells are explained; what is left out matches every cell. An empty area or service is cost without one. */
export interface CellFilter {
  readonly product?: string;
  readonly usageAccount?: string;
  readonly productArea?: string;
  readonly rowKind?: RowKind;
  /** Shared pool, of rows that are kept. */
  readonly pool?: string;
  /** Reason, of idle rows. */
  readonly reason?: IdleReason;
  readonly mechanism?: Mechanism;
  readonly cluster?: string;
  readonly service?: string;
}

/** The charges of one billing period: scanned once, asked many times. */
export class Bill {
  /** The empty bill, which changes nothing when it is merged. */
  constructor();
  static load(path: Path): Promise<Bill>;
  /** Reads what `toBytes` gave; the bytes must not change until then. */
  static fromBytes(bytes: Uint8Array): Promise<Bill>;
  /** Writes the bill to a file that is whole or absent. */
  save(path: Path): Promise<void>;
  toBytes(): Promise<Uint8Array>;
  /** Both bills as one. Rejects with `bill.incompatible` where period, basis, tag keys or cost categories differ. */
  merge(other: Bill): Promise<Bill>;
  /** `null` for the empty bill. */
  readonly period: Period | null;
  readonly basis: Basis;
  /** Tag keys whose values were kept, in order. */
  readonly tagKeys: string[];
  /** Cost categories whose values were kept, in order. */
  readonly costCategories: string[];
  /** Counting rows: line items without total rows. */
  readonly rows: number;
  /** Total rows, which are not counted. */
  readonly excludedRows: number;
  /** Distinct charges the rows were summed to. */
  readonly charges: number;
  currencies(): Promise<string[]>;
  payers(): Promise<string[]>;
  /** Hash of the charges: equal bills have equal digests however they were delivered. */
  digest(): Promise<string>;
  /** Exact sum of the counting rows of one currency; USD where left out. */
  billed(currency?: string): Promise<DecimalText>;
  /** How final the bill is, now or at an instant. */
  status(asOf?: Instant): Promise<BillStatus>;
  /** Status and invoices, totals, tag coverage, gaps, digests, findings. */
  inspect(asOf?: Instant): Promise<Inspection>;
  /** Attributes the bill to product areas, exactly. */
  attribute(options?: AttributeOptions): Promise<Report>;
  /**
   * Every charge replaced by its parts, as allocated charges of FOCUS 1.3. `BilledCost` (`EffectiveCost` with an amortized
   * basis) sums to the report, exactly.
   */
  allocatedCharges(options?: AttributeOptions): Promise<AllocatedCharge[]>;
  /**
   * Why cells are what they are: the charges, mechanisms and rules that made them, and with `source` rows of the bill's
   * files. Rejects with `config.bad_value` where these do not hold exactly the rows of the charges.
   */
  explain(options?: AttributeOptions & CellFilter & RowsOptions): Promise<Explanation>;
}

/** One part of a charge, or of a sum that is shared, in the columns of FOCUS 1.3 and our own (`x_`). */
export interface AllocatedCharge {
  readonly BillingPeriodStart: string;
  readonly BillingPeriodEnd: string;
  readonly BillingCurrency: string;
  readonly BillingAccountId: string | null;
  readonly SubAccountId: string | null;
  readonly InvoiceId: string | null;
  readonly ServiceName: string | null;
  readonly RegionId: string | null;
  readonly ResourceId: string | null;
  readonly ChargeCategory: string | null;
  readonly ChargeDescription: string | null;
  /** JSON text, as are the two others. */
  readonly Tags: string | null;
  readonly BilledCost?: DecimalText;
  /** With an amortized basis, instead of `BilledCost`. */
  readonly EffectiveCost?: DecimalText;
  /** Instance hours; null where the bill keeps none of the charge, and of sums. */
  readonly ConsumedQuantity: DecimalText | null;
  readonly ConsumedUnit: string | null;
  readonly AllocatedMethodId: string | null;
  readonly AllocatedMethodDetails: string | null;
  readonly AllocatedResourceId: string | null;
  readonly AllocatedResourceName: string | null;
  readonly AllocatedTags: string | null;
  readonly x_UsageType: string | null;
  readonly x_Operation: string | null;
  readonly x_ProductArea: string | null;
  readonly x_RowKind: RowKind;
  readonly x_Mechanism: Mechanism;
  readonly x_Reason: IdleReason | null;
  readonly x_Rule: string | null;
  readonly x_Pool: string | null;
  readonly x_Provider: string | null;
}

export interface InputDigest {
  readonly bytes: number;
  readonly hash: string;
}

export interface Inspection {
  readonly dialects: string[];
  readonly period: Period | null;
  readonly basis: Basis;
  readonly status: BillStatus;
  readonly asOf: string;
  readonly rows: number;
  readonly excludedRows: number;
  readonly entities: {
    readonly payer: string;
    readonly billingEntity: string;
    readonly status: BillStatus;
    readonly invoiceIds: string[];
    /** By kind of line item. */
    readonly estimated: Record<string, { readonly rows: number; readonly amount: Record<string, DecimalText> }>;
  }[];
  readonly totals: {
    readonly currency: string;
    readonly product: string;
    readonly kind: string;
    readonly rows: number;
    readonly cost: DecimalText;
  }[];
  /** By currency; left out where the basis is `unblended`. */
  readonly bridge?: Record<string, BridgeRow[]>;
  readonly tagKeys: { readonly tagKey: string; readonly rows: number; readonly cost: Record<string, DecimalText> }[];
  readonly completeness: {
    readonly gaps: { readonly usageAccount: string; readonly start: string; readonly end: string }[];
    readonly stopsEarly: string | null;
  };
  readonly inputs: InputDigest[];
  readonly digest: string;
  readonly diagnostics: Diagnostic[];
}

export interface Contribution {
  readonly product: string;
  readonly usageAccount: string;
  readonly productArea: string | null;
  readonly rowKind: RowKind;
  /** Of a row of kind `idle`. */
  readonly reason?: IdleReason;
  readonly mechanism: Mechanism;
  readonly cluster: string | null;
  readonly service: string | null;
  /** The EC2 instance whose task runs split it, or that a volume's part moved to. */
  readonly instance?: string;
  /** The rule that named the owner. */
  readonly rule: string | null;
  /** The shared pool that gave it; its charges are in `pools`. */
  readonly pool?: string;
  /** The provider it was reallocated from; where that is the owner, what was taken from it. */
  readonly provider?: string;
  /** The commitment of which it is a part of a fee, pushed onto the charge that it covers. */
  readonly commitment?: string;
  /** `null` for a part of commitment fees by cost, shared pools and providers: sums of a product and account. */
  readonly charge: ExplainedCharge | null;
  readonly amount: DecimalText;
}

/** A charge that took part, with its own attributes. */
export interface ExplainedCharge {
  readonly kind: string;
  readonly usageType: string;
  readonly operation: string;
  readonly region: string;
  readonly resourceId: string;
  readonly invoiceId: string | null;
  readonly rows: number;
  readonly billed: DecimalText;
}

export interface Explanation {
  readonly contributions: Contribution[];
  /** Their exact sum. */
  readonly cost: DecimalText;
  /** The shared pools that gave to the cells, where any did. */
  readonly pools?: {
    readonly pool: string;
    readonly product: string;
    readonly usageAccount: string;
    readonly cost: DecimalText;
    readonly charges: ExplainedCharge[];
  }[];
  /** The commitment fees that gave to the cells, where any did. */
  readonly fees?: {
    readonly product: string;
    readonly usageAccount: string;
    readonly kind: string;
    /** Subscription or reservation id, else its description. */
    readonly commitment: string;
    /** What this bill has of it; 0 where it was billed in an earlier period. */
    readonly billed: DecimalText;
    /** This period's part, which was attributed. */
    readonly part: DecimalText;
    readonly charges: ExplainedCharge[];
  }[];
  /** Every hop of providers, where a cell has reallocated cost. */
  readonly reallocations?: Reallocation[];
  readonly digests: Digests;
  readonly inputs: InputDigest[];
  /** Where `source` was given: the first rows of the charges that took part, by file and place. */
  readonly rows?: BillRow[];
}

/** What a run was made of. */
export interface Digests {
  readonly bill: string;
  readonly policy: string;
  readonly evidence: string;
  readonly reservations: string;
}

/** `billed + carriedIn − deferred = areas + idle + unusedCommitment + shared + unattributed`; `excluded` beside it. */
export interface Totals {
  readonly billed: DecimalText;
  readonly carriedIn: DecimalText;
  readonly deferred: DecimalText;
  readonly excluded: DecimalText;
  readonly areas: DecimalText;
  readonly idle: DecimalText;
  readonly unusedCommitment: DecimalText;
  readonly shared: DecimalText;
  readonly unattributed: DecimalText;
}

/** `unblended + difference = cost`. */
export interface BridgeRow {
  /** Kind of line item. */
  readonly kind: string;
  readonly rows: number;
  /** What was charged. */
  readonly unblended: DecimalText;
  /** Cost in the basis. */
  readonly cost: DecimalText;
  readonly difference: DecimalText;
}

export interface AreaCost {
  /** `null` only where no owner is known. */
  readonly productArea: string | null;
  readonly rowKind: RowKind;
  /** Only in tables with rows of kind `shared`; `null` in other rows. */
  readonly pool?: string | null;
  /** Only in tables with rows of kind `idle`; `null` in other rows. */
  readonly reason?: IdleReason | null;
  readonly cost: DecimalText;
}
export interface ServiceCost {
  readonly cluster: string | null;
  readonly service: string;
  readonly productArea: string | null;
  readonly cost: DecimalText;
}
export interface ProductAreaCost {
  readonly product: string;
  readonly productArea: string | null;
  readonly rowKind: RowKind;
  /** Only in tables with rows of kind `shared`; `null` in other rows. */
  readonly pool?: string | null;
  /** Only in tables with rows of kind `idle`; `null` in other rows. */
  readonly reason?: IdleReason | null;
  readonly cost: DecimalText;
}
export interface MechanismCost {
  readonly mechanism: Mechanism;
  readonly cost: DecimalText;
}
/** What a provider passed to one of its consumers. */
export interface Reallocation {
  readonly provider: string;
  readonly consumer: string;
  readonly cost: DecimalText;
}
/** Our split of instances over one service and AWS's own. */
export interface SplitCheckRow {
  /** Name of the cluster. */
  readonly cluster: string;
  readonly service: string;
  /** What was split to it of the hours of its instances. */
  readonly ours: DecimalText;
  /** What was split to it of all else: volumes, traffic, Fargate tasks. */
  readonly oursVolumes: DecimalText;
  /** Split and unused cost of AWS's data. */
  readonly scad: DecimalText;
  /** `ours − scad`. */
  readonly difference: DecimalText;
  /** Reasons, separated by `, `. */
  readonly why: string;
}
export interface Cell {
  readonly product: string;
  readonly usageAccount: string;
  readonly productArea: string | null;
  readonly rowKind: RowKind;
  /** Only in tables with rows of kind `shared`; `null` in other rows. */
  readonly pool?: string | null;
  /** Only in tables with rows of kind `idle`; `null` in other rows. */
  readonly reason?: IdleReason | null;
  readonly mechanism: Mechanism;
  readonly cluster: string | null;
  readonly service: string | null;
  readonly cost: DecimalText;
}

/** Cost by what named its owner. */
export interface MechanismShare {
  readonly mechanism: Mechanism;
  readonly cost: DecimalText;
  /** Of all cost, rounded half-even to 6 decimals; `null` where all cost is 0. */
  readonly share: DecimalText | null;
}

/** What nobody owns of a product. */
export interface UnattributedProduct {
  readonly product: string;
  readonly cost: DecimalText;
  readonly share: DecimalText | null;
}

/** Unattributed cost that one action would give an owner; what one gains another one cannot gain again. */
export interface Win {
  readonly action: 'account_default' | 'map_service' | 'rule' | 'tag_key' | 'tag_resource';
  /** A usage account, service, AWS product (its cost without a resource), tag key or resource id. */
  readonly subject: string;
  /** The cluster of a service. */
  readonly cluster: string | null;
  /** How many resources lack the tag key. */
  readonly resources: number | null;
  readonly cost: DecimalText;
  readonly share: DecimalText | null;
}

/** What was bought, used and could have been covered, in normalized hours as decimal text. */
export interface CommitmentUse {
  readonly payer: string;
  readonly product: string;
  /** Account that bought; `null` where several did, or the bill does not say. */
  readonly usageAccount: string | null;
  /** Subscription, reservation or savings plan id, where the covered usage names ids. */
  readonly commitment: string | null;
  /** Family with the region's prefix, or zone and type; `null` where it is any. */
  readonly covers: string | null;
  /** `null` where the bill does not say. */
  readonly purchasedHours: DecimalText | null;
  readonly usedHours: DecimalText | null;
  /** At most six decimals. */
  readonly utilization: DecimalText | null;
  /** What the covered usage costs; only with an amortized basis. */
  readonly usedCost?: DecimalText;
  readonly unusedCost: DecimalText;
  readonly coveredHours: DecimalText;
  readonly eligibleHours: DecimalText;
  readonly coverage: DecimalText | null;
}

/** The tables of a report and their rows. */
export interface Tables {
  areaCosts: AreaCost;
  serviceCosts: ServiceCost;
  productAreaCosts: ProductAreaCost;
  mechanisms: MechanismCost;
  reallocations: Reallocation;
  coverage: MechanismShare;
  unattributed: UnattributedProduct;
  wins: Win;
  splitCheck: SplitCheckRow;
  commitments: CommitmentUse;
  cells: Cell;
  diagnostics: Omit<Diagnostic, 'location'>;
}

/** The result of attributing one bill in one currency. */
export class Report {
  private constructor();
  /** Reads what `toBytes` of the same version gave; the bytes must not change until then. */
  static fromBytes(bytes: Uint8Array): Promise<Report>;
  /** The whole report with its cells. */
  toBytes(): Promise<Uint8Array>;
  readonly period: Period;
  readonly status: BillStatus;
  /** Instant the status was judged at. */
  readonly asOf: string;
  readonly basis: Basis;
  readonly currency: string;
  readonly payers: string[];
  /** Where the usage rows end, if 24 hours or more before the period. */
  readonly stopsEarly: string | null;
  readonly totals: Totals;
  /** What each kind of rows was charged and costs in the basis; `null` where that is the same. */
  readonly bridge: BridgeRow[] | null;
  /** How much has an owner, and what would raise it most; empty for a report of a store. */
  readonly coverage: {
    readonly mechanisms: MechanismShare[];
    /** Largest first. */
    readonly unattributedProducts: UnattributedProduct[];
    readonly unattributedResources: { readonly product: string; readonly resource: string; readonly cost: DecimalText }[];
    readonly missingTags: { readonly tagKey: string; readonly rows: number; readonly cost: DecimalText }[];
    /** Largest first. */
    readonly wins: Win[];
  };
  readonly digests: Digests;
  readonly inputs: InputDigest[];
  areaCosts(): Promise<AreaCost[]>;
  serviceCosts(): Promise<ServiceCost[]>;
  productAreaCosts(): Promise<ProductAreaCost[]>;
  mechanisms(): Promise<MechanismCost[]>;
  /** Every hop from a provider to a consumer. */
  reallocations(): Promise<Reallocation[]>;
  /** What nobody owns by product, largest first. */
  unattributed(): Promise<UnattributedProduct[]>;
  /** What would raise the attributed share, largest first. */
  wins(): Promise<Win[]>;
  /** Our split of instances beside AWS's own, where both are known. */
  splitCheck(): Promise<SplitCheckRow[]>;
  /** How each commitment whose fees are set aside, or that the basis spreads, was used. */
  commitments(): Promise<CommitmentUse[]>;
  /** The finest amounts. */
  cells(): Promise<Cell[]>;
  /** Findings of all stages, with locations. */
  diagnostics(): Promise<Diagnostic[]>;
  /** The rows of a table, one after the other. */
  rows<Name extends keyof Tables>(table: Name): AsyncGenerator<Tables[Name], void, undefined>;
  /** A table as an Arrow IPC stream; costs are decimal128(38, 18), see `formatDecimal`. */
  tableIpc(table: keyof Tables): Promise<Uint8Array>;
  /**
   * The JSON of `unblended rollup --output json`, byte for byte but for the run id (a fresh one where left out). Made at
   * once: it grows with the distinct areas, services and products, not with the rows of the bill.
   */
  toJson(runId?: string): string;
  /** The same as an object, without a run id. */
  toJSON(): Record<string, unknown>;
}

export interface RunQuery {
  readonly period?: Period;
  readonly basis?: Basis;
  readonly payer?: string;
  readonly currency?: string;
}

export interface FinalizeOptions extends RunQuery {
  /** The run; else the latest that matches. */
  readonly id?: string;
  /** Reason to replace the live version. */
  readonly restate?: string;
  /** Reason to take a bill without invoice information as invoiced. */
  readonly assertInvoiced?: string;
  /** Reason to take a bill that stops early as complete. */
  readonly allowIncomplete?: string;
}

export interface RunSummary {
  readonly id: string;
  readonly period: Period;
  readonly payers: string[];
  readonly basis: Basis;
  readonly currency: string;
  readonly createdAt: string;
  readonly asOf: string;
  readonly status: BillStatus;
  readonly stopsEarly: string | null;
  readonly softwareVersion: string;
  readonly digests: Digests;
  readonly totals: Totals;
}

export interface FinalizedSummary {
  readonly payer: string;
  readonly period: Period;
  readonly basis: Basis;
  readonly currency: string;
  readonly version: number;
  readonly runId: string;
  readonly reason: string | null;
  readonly assertedInvoiced: string | null;
  readonly allowedIncomplete: string | null;
  readonly finalizedAt: string;
  readonly isLive: boolean;
}

export interface AreaDifference {
  readonly productArea: string | null;
  readonly rowKind: RowKind;
  /** The shared pool of a row of kind `shared`. */
  readonly pool?: string;
  /** Of a row of kind `idle`. */
  readonly reason?: IdleReason;
  readonly finalized: DecimalText;
  readonly candidate: DecimalText;
  readonly change: DecimalText;
}

/** A store of rollup runs, which is only added to, and of finalized versions. */
export class Store {
  private constructor();
  /** Path of a SQLite file, or `sqlite:PATH`; made where it does not exist, unless `create` is false. */
  static open(url: Path, options?: { create?: boolean }): Promise<Store>;
  /**
   * Adds a report as a new run, whole or not at all; resolves to the run's id: one that was shown before, as by
   * `report.toJson`, or a fresh one where left out.
   */
  append(report: Report, bill: Bill, options?: { readonly runId?: string }): Promise<string>;
  /** Keeps the fees of a table for later runs; to be called before the run whose scan replaces them is appended. */
  addReservations(table: Reservations): Promise<void>;
  /** The runs that match, oldest first. */
  runs(query?: RunQuery): Promise<RunSummary[]>;
  /** The report of one run. */
  run(id: string): Promise<Report>;
  finalized(): Promise<FinalizedSummary[]>;
  /**
   * Makes a run what boards read, if its bill is final, complete and reconciled; resolves to the live version.
   * Rejects with a `StateError` of code `finalize.*` otherwise.
   */
  finalize(options?: FinalizeOptions): Promise<number>;
  /** Fees the store keeps of earlier scans. */
  reservations(): Promise<Reservations>;
  /** Closes the file, after what is under way; what comes after is `store.io`. */
  close(): Promise<void>;
}

/** Splits an amount by weights (whole numbers of at most 128 bits) so that the parts sum to it exactly. */
export function split(
  amount: Amount,
  weights: readonly (readonly [string, Amount])[],
): [string, DecimalText][];
export function split(amount: Amount, weights: ReadonlyMap<string, Amount>): Map<string, DecimalText>;
export function split(amount: Amount, weights: Readonly<Record<string, Amount>>): Record<string, DecimalText>;

/** The parts of a fee that belong to each billing period its term touches; they sum to the fee. */
export function amortize(fee: Amount, start: Instant, end: Instant): Record<Period, DecimalText>;

export interface AllocationRun {
  /** Service, or any other key of the split. */
  readonly service: string;
  /** CPU units reserved (1024 = 1 vCPU). */
  readonly cpu: number;
  readonly started: Instant;
  /** `null` while it runs. */
  readonly stopped?: Instant | null;
}

/**
 * Splits the cost of one instance in one interval over services by CPU-seconds; `null` where nothing ran and no
 * capacity is given. With a capacity in CPU units, what no run reserved has the key `''`.
 */
export function allocateCpu(options: {
  readonly cost: Amount;
  readonly start: Instant;
  readonly end: Instant;
  readonly runs: readonly AllocationRun[];
  readonly capacity?: number;
}): Record<string, DecimalText> | null;

/** Amounts of each resource; any may be left out. */
export interface Quantities {
  readonly vcpu?: Amount;
  /** GiB. */
  readonly memory?: Amount;
  /** Accelerators. */
  readonly gpu?: Amount;
}

/** Costs of each resource. */
export interface ResourceCosts {
  readonly vcpu: DecimalText;
  readonly memory: DecimalText;
  readonly gpu: DecimalText;
}

/**
 * Splits the cost of one instance over its tasks as AWS's split cost allocation data does. A task's total is the exact
 * share rounded once, its parts are rounded so that they sum to it. Totals and what stays apart sum to the cost.
 */
export function splitCost(options: {
  readonly cost: Amount;
  /** What the instance has. */
  readonly capacity: Quantities;
  /** Of each resource the larger of reserved and actual counts; vCPU-hours do as well as vCPUs. */
  readonly tasks: readonly { readonly task: string; readonly reserved?: Quantities; readonly actual?: Quantities }[];
  /** Relative cost of a unit; AWS's where left out: vCPU 9, memory 1, or with accelerators gpu 9, vCPU 0.9, memory 0.1. */
  readonly weights?: Quantities;
  /** Whether tasks pay for what nobody took (`shared`, where left out) or it stays apart. */
  readonly unused?: 'shared' | 'kept';
}): {
  /** In the given order. */
  readonly tasks: {
    readonly task: string;
    readonly split: ResourceCosts;
    readonly unused: ResourceCosts;
    readonly total: DecimalText;
  }[];
  /** What stays apart. */
  readonly unused: ResourceCosts;
};

export interface Finality {
  /** Whether the period is over and every counting row is invoiced. */
  readonly isFinal: boolean;
  readonly estimatedRows: number;
  readonly unknownRows: number;
  readonly isOver: boolean;
}

/**
 * Is this final? Rows are those of one payer and billing entity. The format, `dbr` where left out, says what an invoice
 * id looks like: an integer in a Detailed Billing Report.
 */
export function isFinal(
  rows: readonly { readonly invoiceId?: string | null; readonly cost: Amount }[],
  period: Period,
  asOf?: Instant,
  format?: Format,
): Finality;

/** A fresh run id (UUIDv7). */
export function newRunId(): string;

/**
 * Decimal text of an unscaled integer, such as apache-arrow gives for a decimal column: a BigInt, or 32-bit words from
 * the lowest, in two's complement. `scale` is 18 where left out.
 */
export function formatDecimal(unscaled: bigint | Uint32Array, scale?: number): DecimalText;

export interface ErrorInfo {
  readonly code: string;
  readonly class: ErrorClass;
  readonly meaning: string;
}

/** Every error code there is. */
export function errorCodes(): Record<string, ErrorInfo>;
/** JSON Schemas of what is read and written, by name. */
export function schemas(): Record<string, object>;

/** A format of the demo's bill; `focus` is FOCUS 1.0. */
export type DemoDialect =
  | 'dbr'
  | 'cur'
  | 'cur-parquet'
  | 'cur-parquet-decimal'
  | 'cur2'
  | 'cur2-parquet'
  | 'focus'
  | 'focus-1.2';

export interface DemoFiles {
  /** The bill in the first dialect asked for. */
  readonly bill: string;
  /** The path of the bill in each dialect. */
  readonly bills: Partial<Record<DemoDialect, string>>;
  readonly tasks: string;
  readonly instances: string;
  readonly volumes: string;
  readonly services: string;
  readonly policy: string;
  readonly readme: string;
  /** Line items of the bill, without Rounding and total rows. */
  readonly rows: number;
  /** Exact total of the Detailed Billing Report in USD. */
  readonly total: DecimalText;
  /**
   * What its Rounding rows add: the other dialects have none, and say exactly `total - rounding` but for costs kept as
   * binary doubles.
   */
  readonly rounding: DecimalText;
}

/** Writes a realistic month: a bill with events, service map and policy; the same options, the same bill. */
export function demo(
  dir: Path,
  options?: {
    period?: Period;
    seed?: number;
    rows?: number;
    instances?: number;
    areas?: readonly string[];
    /** Formats of the bill; a Detailed Billing Report where left out. */
    dialects?: readonly (DemoDialect | 'all')[];
    /** Whether a savings plan covers instances; a Detailed Billing Report has none. */
    savingsPlan?: boolean;
    /** Whether Cost and Usage Reports have split cost allocation data of ECS tasks beside the line items. */
    splitCosts?: boolean;
  },
): Promise<DemoFiles>;

/** Runs the command line program with what is typed after `unblended`; resolves to its exit status. */
export function runCli(argv: readonly string[]): Promise<number>;

/** Version of library and package. */
export const version: string;

/**
 * Field numbers of the Terraform plugin protocol 6 and of the go-plugin services around it. Names of
 * messages and fields are our own: only service names, method names and field numbers are on the wire.
 * A field or a method that this framework does not use is not listed; decoding skips it.
 */
import {
  bytes,
  flag,
  integer,
  keyed,
  message,
  nested,
  optionalInteger,
  optionalText,
  repeated,
  text,
} from './protobuf';
import type { MessageType } from './protobuf';
import { FunctionMessage, SchemaMessage } from './schema-messages';

/** Nothing at all. */
export const Empty = message({});

/** A value of some Terraform type, as MessagePack (preferred) or as JSON. */
export const DynamicValue = message({ msgpack: bytes(1), json: bytes(2) });

const PathStep = message({
  attributeName: optionalText(1),
  elementKeyText: optionalText(2),
  elementKeyInteger: optionalInteger(3),
});
export const AttributePathMessage = message({ steps: repeated(1, PathStep) });

/** Severity 1 is an error, 2 a warning. */
export const DiagnosticMessage = message({
  severity: integer(1),
  summary: text(2),
  detail: text(3),
  attribute: nested(4, AttributePathMessage),
});

const ServerCapabilities = message({
  planDestroy: flag(1),
  getProviderSchemaOptional: flag(2),
  moveResourceState: flag(3),
});
const ClientCapabilities = message({ deferralAllowed: flag(1), writeOnlyAllowed: flag(2) });
const ProviderSchemaResponse = message({
  provider: nested(1, SchemaMessage),
  resourceSchemas: keyed(2, SchemaMessage),
  dataSourceSchemas: keyed(3, SchemaMessage),
  diagnostics: repeated(4, DiagnosticMessage),
  serverCapabilities: nested(6, ServerCapabilities),
  functions: keyed(7, FunctionMessage),
  ephemeralSchemas: keyed(8, SchemaMessage),
});
const Name = message({ name: text(1) });
const MetadataResponse = message({
  serverCapabilities: nested(1, ServerCapabilities),
  diagnostics: repeated(2, DiagnosticMessage),
  dataSources: repeated(3, Name),
  resources: repeated(4, Name),
  functions: repeated(5, Name),
  ephemeralResources: repeated(6, Name),
});
const IdentitySchemasResponse = message({
  identitySchemas: keyed(1, Empty),
  diagnostics: repeated(2, DiagnosticMessage),
});

const DiagnosticsResponse = message({ diagnostics: repeated(1, DiagnosticMessage) });
const ValidateProviderRequest = message({ config: nested(1, DynamicValue) });
const ValidateProviderResponse = message({ diagnostics: repeated(2, DiagnosticMessage) });
const ConfigureRequest = message({ terraformVersion: text(1), config: nested(2, DynamicValue) });
const ValidateRequest = message({
  typeName: text(1),
  config: nested(2, DynamicValue),
  clientCapabilities: nested(3, ClientCapabilities),
});

const RawState = message({ json: bytes(1) });
const UpgradeStateRequest = message({
  typeName: text(1),
  version: integer(2),
  rawState: nested(3, RawState),
});
const UpgradeStateResponse = message({
  upgradedState: nested(1, DynamicValue),
  diagnostics: repeated(2, DiagnosticMessage),
});

const ReadRequest = message({ typeName: text(1), currentState: nested(2, DynamicValue), private: bytes(3) });
const ReadResponse = message({
  newState: nested(1, DynamicValue),
  diagnostics: repeated(2, DiagnosticMessage),
  private: bytes(3),
});

const PlanRequest = message({
  typeName: text(1),
  priorState: nested(2, DynamicValue),
  proposedNewState: nested(3, DynamicValue),
  config: nested(4, DynamicValue),
  priorPrivate: bytes(5),
});
const PlanResponse = message({
  plannedState: nested(1, DynamicValue),
  requiresReplace: repeated(2, AttributePathMessage),
  plannedPrivate: bytes(3),
  diagnostics: repeated(4, DiagnosticMessage),
});

const ApplyRequest = message({
  typeName: text(1),
  priorState: nested(2, DynamicValue),
  plannedState: nested(3, DynamicValue),
  config: nested(4, DynamicValue),
  plannedPrivate: bytes(5),
});
const ApplyResponse = message({
  newState: nested(1, DynamicValue),
  private: bytes(2),
  diagnostics: repeated(3, DiagnosticMessage),
});

const ImportRequest = message({ typeName: text(1), id: text(2) });
const ImportedResource = message({ typeName: text(1), state: nested(2, DynamicValue), private: bytes(3) });
const ImportResponse = message({
  importedResources: repeated(1, ImportedResource),
  diagnostics: repeated(2, DiagnosticMessage),
});

const MoveStateRequest = message({
  sourceProviderAddress: text(1),
  sourceTypeName: text(2),
  sourceVersion: integer(3),
  sourceState: nested(4, RawState),
  targetTypeName: text(5),
  sourcePrivate: bytes(6),
});
const MoveStateResponse = message({
  targetState: nested(1, DynamicValue),
  diagnostics: repeated(2, DiagnosticMessage),
  targetPrivate: bytes(3),
});

const ReadDataRequest = message({ typeName: text(1), config: nested(2, DynamicValue) });
const ReadDataResponse = message({
  state: nested(1, DynamicValue),
  diagnostics: repeated(2, DiagnosticMessage),
});

const CallFunctionRequest = message({ name: text(1), arguments: repeated(2, DynamicValue) });
const FunctionErrorMessage = message({ text: text(1), argument: optionalInteger(2) });
const CallFunctionResponse = message({
  result: nested(1, DynamicValue),
  error: nested(2, FunctionErrorMessage),
});
const FunctionsResponse = message({
  functions: keyed(1, FunctionMessage),
  diagnostics: repeated(2, DiagnosticMessage),
});

/** Seconds since 1970 (google.protobuf.Timestamp). */
const Timestamp = message({ seconds: integer(1), nanos: integer(2) });
const OpenEphemeralResponse = message({
  diagnostics: repeated(1, DiagnosticMessage),
  renewAt: nested(2, Timestamp),
  result: nested(3, DynamicValue),
  private: bytes(4),
});
const OpenedEphemeralRequest = message({ typeName: text(1), private: bytes(2) });
const RenewEphemeralResponse = message({
  diagnostics: repeated(1, DiagnosticMessage),
  renewAt: nested(2, Timestamp),
  private: bytes(3),
});

const StopResponse = message({ error: text(1) });
const StdioData = message({ channel: integer(1), data: bytes(2) });
const ConnectionInfo = message({ serviceId: integer(1), network: text(2), address: text(3) });
const HealthRequest = message({ service: text(1) });
const HealthResponse = message({ status: integer(1) });

/** One remote procedure: its two messages. */
const method = <RequestOut, RequestIn, ResponseOut, ResponseIn>(
  request: MessageType<RequestOut, RequestIn>,
  response: MessageType<ResponseOut, ResponseIn>,
) => ({ request, response });

/** Service `tfplugin6.Provider`: the methods this framework answers; Terraform is told of the others that they are not there. */
export const providerMethods = {
  GetMetadata: method(Empty, MetadataResponse),
  GetProviderSchema: method(Empty, ProviderSchemaResponse),
  GetResourceIdentitySchemas: method(Empty, IdentitySchemasResponse),
  ValidateProviderConfig: method(ValidateProviderRequest, ValidateProviderResponse),
  ConfigureProvider: method(ConfigureRequest, DiagnosticsResponse),
  StopProvider: method(Empty, StopResponse),

  ValidateResourceConfig: method(ValidateRequest, DiagnosticsResponse),
  UpgradeResourceState: method(UpgradeStateRequest, UpgradeStateResponse),
  MoveResourceState: method(MoveStateRequest, MoveStateResponse),
  ReadResource: method(ReadRequest, ReadResponse),
  PlanResourceChange: method(PlanRequest, PlanResponse),
  ApplyResourceChange: method(ApplyRequest, ApplyResponse),
  ImportResourceState: method(ImportRequest, ImportResponse),

  ValidateDataResourceConfig: method(ValidateRequest, DiagnosticsResponse),
  ReadDataSource: method(ReadDataRequest, ReadDataResponse),

  GetFunctions: method(Empty, FunctionsResponse),
  CallFunction: method(CallFunctionRequest, CallFunctionResponse),

  ValidateEphemeralResourceConfig: method(ValidateRequest, DiagnosticsResponse),
  OpenEphemeralResource: method(ValidateRequest, OpenEphemeralResponse),
  RenewEphemeralResource: method(OpenedEphemeralRequest, RenewEphemeralResponse),
  CloseEphemeralResource: method(OpenedEphemeralRequest, DiagnosticsResponse),
};

/** The services of go-plugin that Terraform expects beside the provider. */
export const carrierMethods = {
  /** `plugin.GRPCController` */
  Shutdown: method(Empty, Empty),
  /** `plugin.GRPCStdio`, answers with a stream */
  StreamStdio: method(Empty, StdioData),
  /** `plugin.GRPCBroker`, a stream in both directions */
  StartStream: method(ConnectionInfo, ConnectionInfo),
  /** `grpc.health.v1.Health` */
  Check: method(HealthRequest, HealthResponse),
};

export { CHAIN_START, chain } from './chain.ts';
export { type Cursor, encodeCursor, parseCursor } from './cursor.ts';
export type { Attached, Batch, DownFrame, Err, Events, GoAway, Heartbeat, Limits, Ok, Snap, Started, Welcome } from './down.ts';
export { ERRORS, type ErrorRow, isErrorCode } from './error-table.ts';
export type { ErrorCode } from './error-words.ts';
export { CLOSE_CODES, type ErrorBody, OpenClawError } from './errors.ts';
export { applyRecord, emptyFold, foldText, foldThinking, foldToolCalls, type RunFold, type StepFold } from './fold.ts';
export { HTTP_STATUS } from './http-status.ts';
export { LIMITS } from './limits.ts';
export { MEANINGS } from './meanings.ts';
export { type AnswerSchema, addUsage, type Message, NO_USAGE, type Settings, type ToolCall, type ToolSpec, type Usage } from './message.ts';
export { parseJson } from './parse.ts';
export { microUsdOf, type TokenPrice } from './price.ts';
export {
  type Approval,
  type ApprovalGiven,
  type Budget,
  type BudgetPause,
  type ChosenLevel,
  decodeRecord,
  decodeRecords,
  encodeRecord,
  type Finish,
  type Forecast,
  type Fork,
  type Kind,
  type Outcome,
  type Parent,
  type Payloads,
  type Piece,
  type Range,
  type RecordOf,
  type RunRecord,
  type RunRequest,
  type SendMode,
  type Status,
  type Tier,
  type TierChanged,
  type ToolResult,
  type ToolStarted,
  type TraceContext,
  type WireRecord,
} from './record.ts';
export type { ApproveData, Attach, Command, CommandKind, Detach, Hello, LevelData, SendData, Start, TopUpData, UpFrame } from './up.ts';
export { PROTOCOL_VERSION, SUBPROTOCOL } from './version.ts';

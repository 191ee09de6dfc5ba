export type { AgentSpec, Permissions, Reasoning } from './agent.ts';
export { type AgentCard, CHECK, type CodedAgent, type OnInterrupted, type OperationCard, type ToolCard } from './card.ts';
export { decodeState } from './codec/decode.ts';
export { checkChars, encodeState } from './codec/encode.ts';
export type { ChildOptions, ModelRequest, OperationContext } from './context.ts';
export {
  type AgentDefinition,
  type AgentOptions,
  type AnswerCheck,
  type ArgsOf,
  cardOf,
  defineAgent,
  type Operations,
  type ResultOf,
} from './define-agent.ts';
export type { HouseTool, HouseToolCall, HouseTools } from './house-tool.ts';
export { type OperationDefinition, type OperationFunction, type OperationOptions, operation } from './operation.ts';
export type {
  Answered,
  Ask,
  ChildAnswer,
  ChildCall,
  DonePiece,
  Down,
  Job,
  ModelAnswer,
  ModelCall,
  OperationJob,
  PersonAnswer,
  RunFacts,
  ToolJob,
  Up,
} from './port.ts';
export { BEAT_CELLS, BEATS, CURRENT, LAST, LOADING, TAKEN, type ThreadData } from './thread-data.ts';
export { type ToolContext, type ToolDefinition, type ToolOptions, tool } from './tool.ts';

export type { AgentSpec } from './agent.ts';
export type { AgentCard, CodedAgent, OnInterrupted, OperationCard, ToolCard } from './card.ts';
export type { HouseTool, HouseToolCall, HouseTools } from './house-tool.ts';
export type {
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

/** Why a model call is aborted when the run is to go on: a message came that would not wait. */
export class Interruption {}

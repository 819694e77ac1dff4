"""The status of a controller in a scene, as its page would get it."""

from dataclasses import dataclass, field

from aspire_gitops.controller.reconcile import Reconciler
from aspire_gitops.controller.status import StatusAssembler
from aspire_gitops.status.value import Role, Status
from support.turns import Scene


@dataclass
class _Loop:
    """What the status asks of the loop."""

    reconciler: Reconciler
    role: Role = Role.LEADER
    leader: str | None = None
    next_look_s: float = 0.0


@dataclass
class Watcher:
    """Takes turns, and says what the status is after each."""

    scene: Scene
    assembler: StatusAssembler = field(init=False)

    def __post_init__(self) -> None:
        scene = self.scene
        loop = _Loop(scene.reconciler)
        self.assembler = StatusAssembler(loop, lambda: scene.now, "1.0")  # type: ignore[arg-type]

    def turn(self, *, later_s: float = 60.0) -> Status:
        self.assembler.turned(self.scene.turn(later_s=later_s))
        return self.assembler.status()

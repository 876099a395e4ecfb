"""A rich progress bar for the training loop; imported only where transformers is."""

from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from transformers import TrainerCallback  # noqa: TID253


class RichProgress(TrainerCallback):
    """Shows steps done, the running loss and the last validation score."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Open the bar."""
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.task = self.progress.add_task("fine-tuning", total=state.max_steps)
        self.progress.start()

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Move the bar; where there is no terminal for one, say every tenth of the way."""
        self.progress.update(self.task, completed=state.global_step)
        tenth = max(1, state.max_steps // 10)
        if not self.progress.console.is_terminal and state.global_step % tenth == 0:
            self.progress.console.print(f"fine-tuning: step {state.global_step} of {state.max_steps}")

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **rest: Any) -> None:
        """Tell the epoch's validation score."""
        if metrics and "eval_macro_f1" in metrics:
            score = metrics["eval_macro_f1"]
            self.progress.console.print(f"epoch {state.epoch:.0f}: validation macro-F1 {score:.3f}")

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Close the bar."""
        self.progress.stop()

"""The network of the fine-tuned encoder: BERT, mean pooling, one linear head; imported only where torch is.

It has its own ``model_type``, so that the generic loaders cannot put a random head on its weights.
"""

from typing import Any

import torch  # noqa: TID253
from torch import nn  # noqa: TID253
from transformers import AutoConfig, BertConfig, BertModel, BertPreTrainedModel  # noqa: TID253
from transformers.modeling_outputs import SequenceClassifierOutput  # noqa: TID253

from communique.models.encoder import mean_pool


class StanceConfig(BertConfig):
    """BERT's configuration under a name of its own; ``head_dropout`` acts on the pooled vector."""

    model_type = "communique-stance"

    def __init__(self, head_dropout: float = 0.1, **options: Any) -> None:
        super().__init__(**options)
        self.head_dropout = head_dropout


class StanceNetwork(BertPreTrainedModel):
    """Token ids ``(b, t)`` to one logit a label ``(b, L)``; binary cross-entropy, hard or soft labels."""

    config_class = StanceConfig
    _keys_to_ignore_on_load_unexpected = [r"pooler"]  # noqa: RUF012

    def __init__(self, config: StanceConfig) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.dropout = nn.Dropout(config.head_dropout)
        self.head = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
        **ignored: Any,
    ) -> SequenceClassifierOutput:
        """Logits, and the mean loss where labels ``(b, L)`` are given."""
        states = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits = self.head(self.dropout(mean_pool(states, attention_mask))).float()
        loss = None
        if labels is not None:
            loss = nn.functional.binary_cross_entropy_with_logits(logits, labels.float())
        return SequenceClassifierOutput(loss=loss, logits=logits)

    def freeze(self, layers: int) -> None:
        """Keep the embeddings and the lowest ``layers`` transformer layers as they were pretrained."""
        if layers <= 0:
            return
        for module in [self.bert.embeddings, *self.bert.encoder.layer[:layers]]:
            module.requires_grad_(False)


AutoConfig.register(StanceConfig.model_type, StanceConfig)

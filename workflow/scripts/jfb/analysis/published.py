"""What the report printed: its Table 1."""

import pandas as pd

#: Where its rows stand beside others: their source, or their engine.
SOURCE = "published"
#: Report, Table 1. Its time column says "Avg time per epoch (s)" but is the total of a run.
TABLE = pd.DataFrame(
    {
        "batch_size": [2400, 1200, 600, 64, 32],
        "source": SOURCE,
        "training_seconds": [146.5, 100.5, 114.2, 597.0, 750.8],
        "lowest_loss": [0.0005, 0.0202, 0.0202, 0.0005, 0.0005],
        "epoch_of_lowest_loss": [3000.0, 2561.0, 2775.0, 1410.0, 2863.0],
    }
)
#: Epochs of each published run.
EPOCHS = 3000

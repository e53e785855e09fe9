import pytest

pytest.register_assert_rewrite("joint_oracle")

"""The package behind *Every Equation Runs*: deep learning in PyTorch, executed.

The subject wing (`functional`, `data`, `plots`, `runtime`, ...) is what a reader imports and reads; the book wing
(`dlbook.book`) is what makes a page verifiable. Nothing is imported or done here.
"""

// The parts of libtorch that the trainer uses: tensors and their operations, gradients, custom
// functions. torch/torch.h would take twice as long to compile.
#pragma once

#include <torch/csrc/autograd/custom_function.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

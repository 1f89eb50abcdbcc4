// The builders of the table in blocks.cpp. Related builders share a file.
#pragma once

#include "model/blocks/blocks.h"

namespace octet {

#define OCTET_BLOCK(name) \
  std::string name(NetworkBuilder& net, const Module& module, const BlockPlace& place)

OCTET_BLOCK(build_conv);        // convolution.cpp: convolution, BatchNorm, activation
OCTET_BLOCK(build_rep_conv);    // two convolutions that become one
OCTET_BLOCK(build_bottleneck);  // cross_stage.cpp: two convolutions with a shortcut
OCTET_BLOCK(build_c2f);         // every intermediate result is joined
OCTET_BLOCK(build_c3);          // two branches, one of them with bottlenecks
OCTET_BLOCK(build_elan);        // every stage's result is joined
OCTET_BLOCK(build_sppf);        // pyramid.cpp: the same max-pool again and again, all joined
OCTET_BLOCK(build_sppelan);
OCTET_BLOCK(build_aconv);  // downsample.cpp: halves the image
OCTET_BLOCK(build_adown);
OCTET_BLOCK(build_concat);  // joints.cpp
OCTET_BLOCK(build_upsample);
OCTET_BLOCK(build_sequential);  // blocks.cpp

#undef OCTET_BLOCK

}  // namespace octet

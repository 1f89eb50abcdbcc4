// What a tuning looks at: a file or images as they are, or some seconds of a camera, so that every
// look sees the same frames.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/size.h"
#include "eval/dataset/dataset.h"

namespace octet {

class Source;

struct Footage {
  std::string address;    // of the source, as 'octet live' takes it
  std::string name;       // without secrets, for logs and pages
  bool realtime = false;  // a file that is played at its own pace, as a camera gives its frames
  bool sequence = true;   // frames follow each other; else images of anything
  std::filesystem::path clip;  // file or folder that looks read
  Size size;                   // of a frame
  double fps = 0;              // of the source; 0: as fast as it is read
  int frames = 0;              // of the clip, that looks see
};

// Opens a file, a folder or a glob. Throws an Error that names the source.
[[nodiscard]] Footage open_footage(const std::string& source);

// Frames a second of a camera whose frames came at these times, which rise. Many cameras begin with
// a burst, so the second half of the time counts.
[[nodiscard]] double rate_of(const std::vector<double>& times);

// Records `seconds` of a camera into `folder`. Its rate is that of the first two seconds, before
// anything is written, or that of the whole recording where both agree within 5 %. Throws an Error that names the camera where it
// cannot be opened or gives no frame.
[[nodiscard]] Footage record_footage(const std::string& address, double seconds,
                                     const std::filesystem::path& folder);

// The same of an open one, into out.clip. A camera that breaks off is accepted once a few frames are
// there. Frames of another size are left out.
void record(Source& source, double seconds, Footage& out);

// So many images of the data, evenly from all, as links in `folder`. Where there are fewer, they
// come again.
[[nodiscard]] Footage images_as_footage(const Dataset& data, int most,
                                        const std::filesystem::path& folder);

}  // namespace octet
